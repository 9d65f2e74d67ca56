import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

/** The text of a file of the repository. */
export function readDocument(path: string): string {
	return readFileSync(join(root, path), "utf8");
}

/** Whether the repository has a folder there. */
export function hasFolder(path: string): boolean {
	return existsSync(join(root, path));
}

const leftOut =
	/(^|[/\\])(node_modules|dist|generated|testing)[/\\]|\.test\.ts$/;

/** The sources below a folder in one text, without tests. */
export function readSources(folder: string, extension = ".ts"): string {
	return readdirSync(join(root, folder), { recursive: true })
		.map(String)
		.filter((path) => path.endsWith(extension) && !leftOut.test(path))
		.map((path) => readDocument(join(folder, path)))
		.join("\n");
}

/** The folders of the workspace's packages. */
export function listPackages(): string[] {
	const below = (folder: string) =>
		readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
	return [...below("apps"), ...below("packages"), "prisma"].filter((folder) =>
		existsSync(join(root, folder, "package.json")),
	);
}

/**
 * A module of a process, by its path. A document speaks of all processes, so
 * its test has to look into them, which no code of this package may.
 */
export async function importFile<Module>(path: string): Promise<Module> {
	const url = pathToFileURL(join(root, path)).href;
	return (await import(/* @vite-ignore */ url)) as Module;
}

/** The cells of the table that starts with this head, without backticks. */
export function readTable(markdown: string, head: string): string[][] {
	const lines = markdown.split("\n");
	const start = lines.findIndex((line) => line.startsWith(head));
	if (start < 0) throw new Error(`There is no table with the head ${head}`);
	const length = lines.slice(start).findIndex((line) => !line.startsWith("|"));
	return lines.slice(start + 2, start + length).map((line) =>
		line
			.split("|")
			.slice(1, -1)
			.map((cell) => cell.trim().replaceAll("`", "")),
	);
}

export type Edge = { from: string; to: string; verb: string };

/** The diagram under a heading; `[*]` is a state, and may have no verb. */
export function readDiagram(markdown: string, heading: string): Edge[] {
	const text = markdown.split(`\n${heading}\n`)[1] ?? "";
	const [, diagram = ""] =
		/```mermaid\nstateDiagram-v2\n([^`]*)```/.exec(text) ?? [];
	const lines = diagram.split("\n").filter((line) => line.trim() !== "");
	return lines.map((line) => {
		const [, from, to, verb] =
			/^ +(\S+) --> (\S+?)(?:: (\w+))?$/.exec(line) ?? [];
		if (!from || !to) throw new Error(`This is no edge: ${line}`);
		return { from, to, verb: verb ?? "" };
	});
}

export type DocumentedSetting = {
	name: string;
	/** What the line shows as the default; "" where there is none. */
	value: string;
	readers: string[];
};

/** Every setting of .env.example, with the processes that it says read it. */
export function readEnvExample(): DocumentedSetting[] {
	const settings: DocumentedSetting[] = [];
	let readers: string[] = [];
	for (const line of readDocument(".env.example").split("\n")) {
		const readBy = /^# Read by: (.*)\.$/.exec(line)?.[1];
		if (readBy) readers = readBy.split(", ");
		const [, name, value] = /^#?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
		if (name === undefined || value === undefined) continue;
		settings.push({ name, value, readers });
		readers = [];
	}
	return settings;
}
