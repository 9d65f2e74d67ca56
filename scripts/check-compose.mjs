// Asks docker compose whether it would take docker-compose.yml: with a copy of
// .env.example, and with the .env that docker/make-env.sh writes, with and
// without the simulator. What a process misses it says itself when it starts.
// Starts nothing. Skips itself, loudly, where there is no client.
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

	cpSync(join(folder, ".env.example"), join(folder, ".env"));
	expectAccepted("a copy of .env.example");
	execFileSync("sh", ["docker/make-env.sh", "simulator"], inFolder);
	expectAccepted("the .env for the simulator");
	execFileSync("sh", ["docker/make-env.sh"], inFolder);
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
		"docker compose takes docker-compose.yml with every .env there is.\n",
	);
}
