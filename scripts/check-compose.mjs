// Asks docker compose whether it would take docker-compose.yml: with the .env
// that docker/make-env.sh writes, with and without the simulator, and not
// without one. Starts nothing. Skips itself, loudly, where there is no client.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail, root } from "./run.mjs";

const needed = ["docker-compose.yml", ".env.example", "docker"];

/** The command of the plugin, or of the program that came before it; null when the machine has neither. */
function findCompose() {
	for (const command of [["docker", "compose"], ["docker-compose"]]) {
		const [program, ...args] = command;
		const { status } = spawnSync(program, [...args, "version"]);
		if (status === 0) return command;
	}
	return null;
}

/** A folder of its own, so that nobody's .env takes part. */
function checkIn(folder, [program, ...args]) {
	const inFolder = {
		cwd: folder,
		encoding: "utf8",
		env: { PATH: process.env.PATH, HOME: folder },
	};
	const config = () =>
		spawnSync(program, [...args, "config", "--quiet"], inFolder);
	const expectAccepted = (name) => {
		const { status, stderr } = config();
		if (status !== 0) fail(`docker compose refuses ${name}:\n${stderr}`);
		rmSync(join(folder, ".env"));
	};

	if (config().status === 0) {
		fail("docker-compose.yml is accepted without any secret.");
	}
	execFileSync("sh", ["docker/make-env.sh", "simulator"], inFolder);
	expectAccepted("the .env for the simulator");
	execFileSync("sh", ["docker/make-env.sh"], inFolder);
	const { stderr } = config();
	if (!stderr.includes("SEE2AI_API_KEY")) {
		fail(`The missing key of the provider is not named:\n${stderr}`);
	}
	inFolder.env.SEE2AI_API_KEY = "key";
	inFolder.env.CALLBACK_BASE_URL = "https://callbacks.example.com";
	expectAccepted("the .env for the provider");
}

const compose = findCompose();
if (compose === null) {
	process.stderr.write(
		"\nSKIPPED: the check of docker-compose.yml, for want of docker compose.\n\n",
	);
} else {
	const folder = mkdtempSync(join(tmpdir(), "reelay-compose-"));
	process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
	for (const name of needed) {
		cpSync(join(root, name), join(folder, name), { recursive: true });
	}
	checkIn(folder, compose);
	process.stdout.write(
		"docker compose takes docker-compose.yml with every .env that we make.\n",
	);
}
