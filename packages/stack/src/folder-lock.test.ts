import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { lockFolder } from "./folder-lock.ts";
import { makeTempFolder } from "./testing/temp-folder.ts";

it("refuses a folder that a living process holds, and names the process", () => {
	const folder = makeTempFolder();
	lockFolder(folder);

	expect(() => lockFolder(folder)).toThrow(
		`${folder} is in use by process ${process.pid}`,
	);
});

it("gives a folder to the next one after it was let go", () => {
	const folder = makeTempFolder();
	lockFolder(folder)();

	expect(() => lockFolder(folder)).not.toThrow();
});

it("gives away the folder of a process that died", () => {
	const folder = makeTempFolder();
	const { pid } = spawnSync(process.execPath, ["--version"]);
	const owner = JSON.stringify({ pid, startedAt: "before" });
	writeFileSync(join(folder, "owner.json"), owner);

	expect(() => lockFolder(folder)).not.toThrow();
});

it("does not take another process for the owner because it has the same id", () => {
	const folder = makeTempFolder();
	const owner = JSON.stringify({ pid: process.pid, startedAt: "long ago" });
	writeFileSync(join(folder, "owner.json"), owner);

	expect(() => lockFolder(folder)).not.toThrow();
});
