#!/bin/sh
# Writes .env for docker compose: .env.example with fresh secrets at its end. It never overwrites an .env.
#
#   sh docker/make-env.sh              for SEE2AI; then set SEE2AI_API_KEY and CALLBACK_BASE_URL in it
#   sh docker/make-env.sh simulator    with the simulator in SEE2AI's place
set -eu
cd "$(dirname "$0")/.."

if [ -e .env ]; then
  echo "There is an .env already, and its secrets may be in use: it is left as it is." >&2
  exit 1
fi
command -v openssl > /dev/null || { echo "This needs openssl." >&2; exit 1; }

umask 077
{
  cat .env.example
  echo
  echo "# Made by docker/make-env.sh."
  echo "POSTGRES_PASSWORD=$(openssl rand -hex 24)"
  echo "CALLBACK_KEYS=k1:$(openssl rand -base64 32)"
  echo "ENCRYPTION_KEYS=k1:$(openssl rand -base64 32)"
  echo "BOOTSTRAP_API_KEY=rl_$(openssl rand -hex 24)"
  echo "WEBHOOK_SECRET=whsec_$(openssl rand -base64 32)"
  if [ "${1:-}" = simulator ]; then
    echo "COMPOSE_PROFILES=simulator"
    echo "SEE2AI_API_KEY=sim-local"
    echo "SEE2AI_BASE_URL=http://simulator:3003"
    echo "CALLBACK_BASE_URL=http://webhook:3001"
  fi
} > .env.part
mv .env.part .env
echo "Wrote .env with new secrets. Keep a copy of it: callbacks and stored secrets depend on them."
