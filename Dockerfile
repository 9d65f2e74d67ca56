# One build, then one small image per process: api, worker, webhook, simulator and migrate are targets.
#
#   docker build --target worker -t reelay-worker .
#
# The workspace keeps its shape in the images, because packages find each other, the migrations and the simulator's
# clips by their place in it. What is left out: sources, tests, types, and every development dependency.

FROM node:24-bookworm-slim AS base
WORKDIR /app

# The manifests alone, so that a change of code installs nothing again.
FROM base AS manifests
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY apps/api/package.json apps/api/
COPY apps/webhook/package.json apps/webhook/
COPY apps/worker/package.json apps/worker/
COPY packages/cli/package.json packages/cli/
COPY packages/client/package.json packages/client/
COPY packages/shared/package.json packages/shared/
COPY packages/simulator/package.json packages/simulator/
COPY packages/stack/package.json packages/stack/
COPY prisma/package.json prisma/
# The exact pnpm that package.json names.
ENV PNPM="npx --yes pnpm@12.21.0"

# The stack (embedded Postgres and what starts everything on one machine), the customers' client and its command line have
# no place in an image.
FROM manifests AS build
ENV TURBO_TELEMETRY_DISABLED=1
RUN $PNPM install --frozen-lockfile --filter '!@reelay/stack' --filter '!@reelay/client' --filter '!@reelay/cli'
COPY . .
RUN $PNPM exec turbo run build '--filter=!@reelay/stack' '--filter=!@reelay/client' '--filter=!@reelay/cli' --output-logs=errors-only \
 && find apps/*/dist packages/*/dist prisma/dist \( -name '*.d.ts' -o -name '.tsbuildinfo' \) -delete \
 && rm -rf apps/*/dist/testing packages/*/dist/testing prisma/dist/testing

# No install script of a production dependency is needed, so none is run.
FROM manifests AS app-dependencies
RUN $PNPM install --prod --frozen-lockfile --ignore-scripts \
      --filter-prod '@reelay/api...' --filter-prod '@reelay/webhook...' --filter-prod '@reelay/worker...'

FROM manifests AS simulator-dependencies
RUN $PNPM install --prod --frozen-lockfile --ignore-scripts --filter-prod '@reelay/simulator...'

FROM manifests AS migrate-dependencies
RUN $PNPM install --prod --frozen-lockfile --ignore-scripts --filter-prod '@reelay/prisma...'

# Files belong to root and the process is not root: it can change nothing of what it runs.
FROM base AS runtime
ENV NODE_ENV=production
USER node

# The three apps share this layer: nearly all of what they need is the same.
FROM runtime AS app
COPY --from=app-dependencies /app ./
COPY --from=build /app/prisma/dist prisma/dist
COPY --from=build /app/prisma/migrations prisma/migrations
COPY --from=build /app/packages/shared/dist packages/shared/dist

# CMD is in exec form everywhere: a shell in between would keep SIGTERM to itself, and the process would be killed in
# the middle of calls that cost money.
FROM app AS api
COPY --from=build /app/apps/api/dist apps/api/dist
COPY --from=build /app/apps/api/assets apps/api/assets
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.API_PORT || 3000}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "apps/api/dist/main.js"]

FROM app AS webhook
# The one folder that a process of ours may write: callbacks that came while Postgres was away. A volume mounted here
# takes over its owner.
USER root
RUN install --directory --owner=node --group=node --mode=700 /data
USER node
ENV DATA_DIR=/data
COPY --from=build /app/apps/webhook/dist apps/webhook/dist
EXPOSE 3001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.WEBHOOK_PORT || 3001}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "apps/webhook/dist/main.js"]

# The worker is asked whether it lives and not whether it is ready: while Postgres is away it is not ready, and keeps the
# answers that it paid for. An orchestrator that restarts what is unhealthy would throw them away.
FROM app AS worker
COPY --from=build /app/apps/worker/dist apps/worker/dist
EXPOSE 3002
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.WORKER_PORT || 3002}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "apps/worker/dist/main.js"]

FROM runtime AS simulator
COPY --from=simulator-dependencies /app ./
COPY --from=build /app/packages/simulator/dist packages/simulator/dist
COPY --from=build /app/packages/simulator/assets packages/simulator/assets
ENV SIMULATOR_HOST=0.0.0.0
EXPOSE 3003
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SIMULATOR_PORT || 3003}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "packages/simulator/dist/main.js"]

FROM runtime AS migrate
COPY --from=migrate-dependencies /app ./
COPY --from=build /app/prisma/dist prisma/dist
COPY --from=build /app/prisma/migrations prisma/migrations
CMD ["node", "--enable-source-maps", "prisma/dist/main.js", "migrate"]
