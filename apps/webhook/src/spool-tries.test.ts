import {
	mkdtemp,
	readdir,
	rename,
	rm,
	utimes,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGate } from "@reelay/shared/testing/gate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSpool, type Spool } from "./spool.ts";

let folder: string;
let spool: Spool;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "reelay-spool-"));
	spool = await openSpool(folder);
});
afterEach(() => rm(folder, { recursive: true }));

const keep = (submissionId: string) =>
	spool.keep({
		provider: "see2ai",
		submissionId,
		bodySha: Buffer.alloc(32, submissionId),
		body: "{}",
	});

async function drainInto(list: string[]) {
	return spool.drain(async ({ submissionId }) => {
		list.push(submissionId);
		return "applied";
	});
}

/** A process that begins to drain and never comes back; what it began with has lost its lease since. */
async function dieDraining(): Promise<void> {
	const began = createGate();
	void spool.drain(() => {
		void began.wait();
		return new Promise<never>(() => {});
	});
	await began.reached;
	for (const name of await readdir(folder)) await age(name, 60);
}

/** Makes a file as old as though it had been written so many seconds ago. */
async function age(name: string, seconds: number): Promise<void> {
	const at = new Date(Date.now() - seconds * 1000);
	await utimes(join(folder, name), at, at);
}

it("removes what a process left half written once it is old, and nothing that is being written", async () => {
	await writeFile(join(folder, "0-old.tmp"), "{");
	await writeFile(join(folder, "1-young.tmp"), "{");
	await age("0-old.tmp", 11 * 60);

	await drainInto([]);

	expect(await readdir(folder)).toEqual(["1-young.tmp"]);
});

describe("a callback of which the process dies", () => {
	it("waits behind all the others", async () => {
		await keep("sub_deadly");
		await dieDraining();
		await keep("sub_1");

		const found: string[] = [];
		await drainInto(found);

		expect(found).toEqual(["sub_1", "sub_deadly"]);
		expect(await readdir(folder)).toEqual([]);
	});

	it("is set aside after five deaths, whole, under a name that lets it be tried again", async () => {
		await keep("sub_deadly");
		const [name = ""] = await readdir(folder);
		for (let deaths = 0; deaths < 5; deaths += 1) await dieDraining();

		const found: string[] = [];
		const pass = await drainInto(found);

		expect(found).toEqual([]);
		expect(pass.setAside).toHaveLength(1);
		expect(await readdir(folder)).toEqual([`${name}.fatal`]);
		expect(await spool.countAside()).toEqual({ unreadable: 0, fatal: 1 });
		await rename(join(folder, `${name}.fatal`), join(folder, name));
		await drainInto(found);
		expect(found).toEqual(["sub_deadly"]);
	});

	it.each([
		["refuses it", async () => "refused" as const],
		["stops", () => Promise.reject(new Error("away"))],
	])("is not what one is called that comes back and %s", async (_, apply) => {
		await keep("sub_1");
		const before = await readdir(folder);

		for (let n = 0; n < 10; n += 1) await spool.drain(apply);

		expect(await readdir(folder)).toEqual(before);
	});
});
