import { execFile } from "node:child_process";
import {
	cpSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A project of somebody's that has installed the packed client, outside of this workspace. */
export type Consumer = {
	/** Every file that was packed. */
	packed: readonly string[];
	/** Compiles the source with these options and libraries checked; resolves with what the compiler says. */
	compile(source: string, options: Record<string, string>): Promise<string>;
	/** Runs what was compiled last, and resolves with its output. */
	run(...args: string[]): Promise<string>;
	close(): void;
};

const exec = promisify(execFile);
const root = fileURLToPath(new URL("../../../..", import.meta.url));
const client = join(root, "packages/client");
const tsc = join(root, "node_modules/typescript/bin/tsc");

/** Builds, packs and installs the client in a folder of its own, without a network. */
export async function openConsumer(): Promise<Consumer> {
	const folder = mkdtempSync(join(tmpdir(), "reelay-consumer-"));
	const source = join(folder, "package");
	const project = join(folder, "project");
	mkdirSync(source);
	mkdirSync(project);
	for (const name of ["package.json", "README.md", "LICENSE", "examples"]) {
		cpSync(join(client, name), join(source, name), { recursive: true });
	}
	await exec(process.execPath, [
		...[tsc, "-p", join(client, "tsconfig.build.json")],
		...["--outDir", join(source, "dist")],
		...["--tsBuildInfoFile", join(source, "dist/.tsbuildinfo")],
	]);
	const npm = (cwd: string, ...args: string[]) =>
		exec("npm", [...args, "--silent", "--offline", "--no-audit"], { cwd });
	await npm(source, "pack", "--pack-destination", folder);
	const [tarball = ""] = readdirSync(folder).filter((f) => f.endsWith(".tgz"));
	writeFileSync(join(project, "package.json"), '{"type": "module"}');
	await npm(project, "install", join(folder, tarball));
	const installed = join(project, "node_modules/@reelay/client");
	return {
		packed: readdirSync(installed, { recursive: true }).map(String).sort(),
		async compile(text, options) {
			writeFileSync(join(project, "main.ts"), text);
			const compilerOptions = {
				...{ strict: true, exactOptionalPropertyTypes: true, target: "es2023" },
				typeRoots: [join(root, "node_modules/@types")],
				types: ["node"],
				...options,
			};
			writeFileSync(
				join(project, "tsconfig.json"),
				JSON.stringify({ compilerOptions, files: ["main.ts"] }),
			);
			const compiling = exec(process.execPath, [tsc, "-p", project]);
			return compiling.then(
				({ stdout }) => stdout,
				(error: { stdout: string }) => error.stdout,
			);
		},
		async run(...args) {
			const script = join(project, "main.js");
			return (await exec(process.execPath, [script, ...args])).stdout;
		},
		close: () => rmSync(folder, { recursive: true, force: true }),
	};
}
