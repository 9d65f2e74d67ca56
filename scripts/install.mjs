// Installs the dependencies with the exact pnpm that package.json names,
// fetched by npx: neither pnpm nor corepack need be on the machine.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fail, root, run } from "./run.mjs";

const stampFile = join(root, "node_modules", ".reelay-install");

/**
 * Makes node_modules agree with the lockfile and returns the environment in
 * which pnpm is found. Does nothing when the last installation was from the
 * same lockfile on the same kind of machine.
 */
export async function ensureInstalled() {
	checkNode();
	const digest = digestOfInputs();
	const last = readStamp();
	if (last?.digest === digest && existsSync(last.pnpm)) return envOf(last.pnpm);

	const pnpm = findPnpm();
	if (last?.digest !== digest) {
		process.stdout.write("Installing dependencies …\n");
		const args = ["install", "--frozen-lockfile"];
		// Nobody may be there to confirm that a stale node_modules can go.
		args.push("--config.confirmModulesPurge=false");
		const { code } = await run(pnpm, args);
		if (code !== 0) fail(`The installation failed (pnpm ended with ${code}).`);
	}
	writeFileSync(stampFile, JSON.stringify({ digest, pnpm }));
	return envOf(pnpm);
}

function checkNode() {
	const [major, minor] = process.versions.node.split(".").map(Number);
	if (major > 20 || (major === 20 && minor >= 19)) return;
	fail(`Reelay needs Node 20.19 or newer; this is ${process.version}.`);
}

function digestOfInputs() {
	const hash = createHash("sha256");
	const { platform, arch, versions } = process;
	hash.update(`${platform} ${arch} ${versions.modules}`);
	for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml"]) {
		hash.update(readFileSync(join(root, file)));
	}
	return hash.digest("hex");
}

function readStamp() {
	try {
		return JSON.parse(readFileSync(stampFile, "utf8"));
	} catch {
		return null;
	}
}

// npx keeps it in the cache of the home folder, so it is fetched once.
function findPnpm() {
	const manifest = readFileSync(join(root, "package.json"), "utf8");
	const { packageManager } = JSON.parse(manifest);
	const find = ["--yes", `--package=${packageManager}`, "--", "sh", "-c"];
	try {
		return execFileSync("npx", [...find, "command -v pnpm"], {
			cwd: root,
			encoding: "utf8",
			stdio: ["ignore", "pipe", "pipe"],
		}).trim();
	} catch (error) {
		return fail(
			`npx could not fetch ${packageManager}; is the npm registry reachable?\n${error.stderr ?? error.message}`,
		);
	}
}

// Turbo starts each package's script through the pnpm on the PATH.
function envOf(pnpm) {
	return { PATH: `${dirname(pnpm)}${delimiter}${process.env.PATH ?? ""}` };
}
