import { execFileSync } from "node:child_process";
import {
	mkdtemp,
	readdir,
	readFile,
	rename,
	rm,
	stat,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSpool, type Spool, type SpooledCallback } from "./spool.ts";
import { diskOf } from "./testing/stage.ts";

let home: string;
let folder: string;
let spool: Spool;
beforeEach(async () => {
	home = await mkdtemp(join(tmpdir(), "reelay-spool-"));
	folder = join(home, "data", "spool");
	spool = await openSpool(folder);
});
afterEach(() => rm(home, { recursive: true }));

const aCallback = (submissionId: string, body = "{}"): SpooledCallback => ({
	provider: "see2ai",
	submissionId,
	bodySha: Buffer.alloc(32, submissionId),
	body,
});

/** Drains into a list of submissions' ids. */
async function drainInto(list: string[], from: Spool = spool) {
	return from.drain(async ({ submissionId }) => {
		list.push(submissionId);
		return "applied";
	});
}

async function spoil(name: string, text: string): Promise<void> {
	await writeFile(join(folder, name), text);
}

describe("keep", () => {
	it("keeps callbacks as they are for the next process, in the order of arrival", async () => {
		const callbacks = Array.from({ length: 12 }, (_, n) =>
			aCallback(`sub_${n}`, `{"prompt":"${n} \u2028 \\u0000 é"}`),
		);
		for (const callback of callbacks) await spool.keep(callback);

		const reopened = await openSpool(folder);
		const found: SpooledCallback[] = [];
		const pass = await reopened.drain(async (callback) => {
			found.push(callback);
			return "applied";
		});

		expect(pass).toEqual({ drained: 12, setAside: [], failure: null });
		expect(found).toEqual(callbacks);
		expect(await readdir(folder)).toEqual([]);
	});

	it("keeps a hundred that come at once", async () => {
		const ids = Array.from({ length: 100 }, (_, n) => `sub_${n}`);

		await Promise.all(ids.map((id) => spool.keep(aCallback(id))));

		expect(await spool.depth()).toBe(100);
		const found: string[] = [];
		await drainInto(found);
		expect(found.sort()).toEqual(ids.sort());
	});

	it("lets nobody else on the machine read what it keeps", async () => {
		await spool.keep(aCallback("sub_1"));

		const [name = ""] = await readdir(folder);
		const modes = [await stat(folder), await stat(join(folder, name))].map(
			({ mode }) => mode & 0o777,
		);

		expect(modes).toEqual([0o700, 0o600]);
	});

	it("rejects when the folder is gone, and leaves nothing that a drain would apply", async () => {
		const disk = diskOf(folder);

		await disk.fail();
		const keeping = spool.keep(aCallback("sub_1"));

		await expect(keeping).rejects.toThrow("ENOTDIR");
		await disk.restore();
		expect(await readdir(folder)).toEqual([]);
	});

	it("rejects on a full disk, leaves nothing of it, and keeps again what fits", async (context) => {
		const unmount = mountTiny(folder);
		if (unmount === null) {
			context.skip("needs the right to mount a tmpfs");
			return;
		}
		try {
			const keeping = spool.keep(aCallback("sub_1", "x".repeat(100_000)));

			await expect(keeping).rejects.toThrow("ENOSPC");
			expect(await readdir(folder)).toEqual([]);
			await spool.keep(aCallback("sub_2"));
			expect(await spool.depth()).toBe(1);
		} finally {
			unmount();
		}
	});
});

describe("drain", () => {
	it("ignores what a crash left before its rename", async () => {
		await spool.keep(aCallback("sub_whole"));
		await spool.keep(aCallback("sub_unfinished"));
		const [, last = ""] = (await readdir(folder)).sort();
		const unfinished = last.replace(".json", ".tmp");
		await rename(join(folder, last), join(folder, unfinished));

		const found: string[] = [];
		await drainInto(found);

		expect(found).toEqual(["sub_whole"]);
		expect(await spool.depth()).toBe(0);
	});

	it("applies again what a crash left between its effect and its removal", async () => {
		await spool.keep(aCallback("sub_1"));
		const [name = ""] = await readdir(folder);
		const text = await readFile(join(folder, name), "utf8");
		const found: string[] = [];
		await drainInto(found);
		await spoil(name, text);

		await drainInto(found);

		expect(found).toEqual(["sub_1", "sub_1"]);
		expect(await spool.depth()).toBe(0);
	});

	it.each([
		["is empty", ""],
		["is cut short", '{"v":1,"provider":"see2ai","submission_id":"sub_1"'],
		["lacks a field", '{"v":1,"provider":"see2ai","submission_id":"sub_1"}'],
		[
			"is of another version",
			'{"v":2,"provider":"see2ai","submission_id":"sub_1","body_sha":"","body":""}',
		],
		["is no object", "null"],
	])("sets a file aside that %s, and drains the rest", async (_how, text) => {
		await spoil("0-first.json", text);
		await spool.keep(aCallback("sub_1"));

		const found: string[] = [];
		const pass = await drainInto(found);

		expect(found).toEqual(["sub_1"]);
		expect(pass.setAside).toEqual(["0-first.json"]);
		expect(await readdir(folder)).toEqual(["0-first.json.unreadable"]);
		expect((await drainInto(found)).setAside).toEqual([]);
	});

	it("stops when applying rejects, and has removed what was applied before", async () => {
		for (const id of ["sub_1", "sub_2", "sub_3"]) {
			await spool.keep(aCallback(id));
		}
		const away = new Error("away");

		const pass = await spool.drain(async ({ submissionId }) => {
			if (submissionId === "sub_2") throw away;
			return "applied";
		});

		expect(pass).toEqual({ drained: 1, setAside: [], failure: away });
		const left: string[] = [];
		await drainInto(left);
		expect(left).toEqual(["sub_2", "sub_3"]);
	});

	it("leaves what was refused for the next time, and applies the rest", async () => {
		for (const id of ["sub_1", "sub_2", "sub_3"]) {
			await spool.keep(aCallback(id));
		}

		const pass = await spool.drain(async ({ submissionId }) =>
			submissionId === "sub_1" ? "refused" : "applied",
		);

		expect(pass).toEqual({ drained: 2, setAside: [], failure: null });
		const left: string[] = [];
		await drainInto(left);
		expect(left).toEqual(["sub_1"]);
	});

	it("leaves out what another drain of the folder took meanwhile", async () => {
		await spool.keep(aCallback("sub_1"));
		await spool.keep(aCallback("sub_2"));
		const other = await openSpool(folder);
		const others: string[] = [];

		const pass = await spool.drain(async () => {
			await drainInto(others, other);
			return "applied";
		});

		expect(others).toEqual(["sub_2"]);
		expect(pass).toEqual({ drained: 1, setAside: [], failure: null });
	});

	it("applies everything at least once when two drain at once, and sets each bad file aside once", async () => {
		const ids = Array.from({ length: 30 }, (_, n) => `sub_${n}`);
		for (const [n, id] of ids.entries()) {
			await spool.keep(aCallback(id));
			await spoil(`${n}-bad.json`, "{");
		}
		const other = await openSpool(folder);
		const found: string[] = [];

		const passes = await Promise.all([
			drainInto(found),
			drainInto(found, other),
		]);

		expect([...new Set(found)].sort()).toEqual(ids.sort());
		expect(passes.flatMap(({ setAside }) => setAside)).toHaveLength(30);
		expect(await spool.depth()).toBe(0);
	});
});

describe("check", () => {
	it("says nothing and leaves nothing while the folder can be written", async () => {
		expect(await spool.check()).toBeNull();
		expect(await readdir(folder)).toEqual([]);
	});

	it("says why when the folder is gone", async () => {
		const disk = diskOf(folder);

		await disk.fail();

		expect(await spool.check()).toBe("the spool cannot be written (ENOTDIR)");
	});

	it("says why when the disk is full, until there is room", async (context) => {
		const unmount = mountTiny(folder);
		if (unmount === null) {
			context.skip("needs the right to mount a tmpfs");
			return;
		}
		try {
			const ballast = writeFile(join(folder, "ballast"), "x".repeat(100_000));
			await expect(ballast).rejects.toThrow("ENOSPC");

			expect(await spool.check()).toBe("the spool cannot be written (ENOSPC)");
			await rm(join(folder, "ballast"));
			expect(await spool.check()).toBeNull();
		} finally {
			unmount();
		}
	});
});

describe("openSpool", () => {
	it("rejects when the folder cannot be made", async () => {
		await writeFile(join(home, "file"), "");

		const opening = openSpool(join(home, "file", "spool"));

		await expect(opening).rejects.toThrow("ENOTDIR");
	});
});

/** A disk of 32 kB over the folder, or null where that is not allowed. Root may write into any folder but a full one. */
function mountTiny(over: string): (() => void) | null {
	const options = ["-t", "tmpfs", "-o", "size=32k", "tmpfs", over];
	try {
		execFileSync("mount", options, { stdio: "ignore" });
	} catch {
		return null;
	}
	return () => void execFileSync("umount", [over]);
}
