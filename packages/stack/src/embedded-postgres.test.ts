import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	readFileSync,
	statSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import {
	beforeAll,
	beforeEach,
	describe,
	expect,
	it,
	onTestFinished,
	vi,
} from "vitest";
import {
	type EmbeddedPostgres,
	type EmbeddedPostgresOptions,
	startEmbeddedPostgres,
} from "./embedded-postgres.ts";
import { findProcess } from "./process-identity.ts";
import { makeTempFolder } from "./testing/temp-folder.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const isRoot = process.getuid?.() === 0;

let folder: string;

beforeEach(() => {
	folder = join(makeTempFolder(), "postgres");
	// Open to the user that Postgres runs as when the tests run as root.
	chmodSync(join(folder, ".."), 0o755);
});

async function start(options: Partial<EmbeddedPostgresOptions> = {}) {
	const server = await startEmbeddedPostgres({
		folder,
		durable: false,
		...options,
	});
	onTestFinished(() => server.stop());
	return server;
}

async function query(url: string, statement: string): Promise<unknown[]> {
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	try {
		return (await client.query(statement)).rows;
	} finally {
		await client.end();
	}
}

it("keeps its data over a stop, and writes durably unless told otherwise", async () => {
	const first = await start({ durable: true });
	await query(first.url, "create table kept as select 42 as answer");
	await first.stop();

	const second = await start({ durable: true });

	expect(await query(second.url, "table kept")).toEqual([{ answer: 42 }]);
	expect(await query(second.url, "show fsync")).toEqual([{ fsync: "on" }]);
});

// Twice a start, and between them what a server does that has lost its memory.
it("comes back after the server was killed, and tells of that", {
	timeout: 60_000,
}, async () => {
	const onExit = vi.fn();
	const first = await start({ durable: true, onExit });
	await query(first.url, "create table kept as select 42 as answer");
	process.kill(first.pid, "SIGKILL");
	await vi.waitFor(() => expect(onExit).toHaveBeenCalledOnce(), 5_000);
	await first.stop();

	const second = await start({ durable: true });

	expect(await query(second.url, "table kept")).toEqual([{ answer: 42 }]);
});

it("makes the database anew when an earlier start died while making it", async () => {
	mkdirSync(join(folder, "data.part", "base"), { recursive: true });
	const notices: string[] = [];

	const server = await start({ onNotice: (notice) => notices.push(notice) });

	expect(await query(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
	expect(notices).toEqual([expect.stringContaining("it is made anew")]);
	expect(existsSync(join(folder, "data.part"))).toBe(false);
});

it("says which port is taken and how to choose another", async () => {
	const other = createServer().listen(0, "127.0.0.1");
	onTestFinished(() => void other.close());
	await once(other, "listening");
	const { port } = other.address() as AddressInfo;

	const server = startEmbeddedPostgres({ folder, port, durable: false });

	await expect(server).rejects.toThrow(
		`Port ${port} is in use; set POSTGRES_PORT`,
	);
});

it("says which folder can not be written", async () => {
	const file = fileURLToPath(import.meta.url);

	const server = startEmbeddedPostgres({ folder: join(file, "postgres") });

	await expect(server).rejects.toThrow(/cannot be written \(ENOTDIR\)/);
});

it("stops, and removes a temporary folder, when its starter is killed", async () => {
	const module = new URL("./embedded-postgres.ts", import.meta.url).href;
	const source = `import("${module}").then(async ({ startEmbeddedPostgres }) => {
  const server = await startEmbeddedPostgres({ folder: "${folder}", durable: false, temporary: true });
  console.log(server.pid);
});`;
	const flags = ["--conditions=reelay-source", "--import", "tsx", "-e", source];
	const starter = spawn(process.execPath, flags, { cwd: root });
	onTestFinished(() => void starter.kill("SIGKILL"));
	const [chunk] = (await once(starter.stdout, "data")) as [Buffer];
	const pid = Number(chunk.toString());
	expect(findProcess(pid)).not.toBeNull();

	starter.kill("SIGKILL");

	await vi.waitFor(() => expect(findProcess(pid)).toBeNull(), 10_000);
	await vi.waitFor(() => expect(existsSync(folder)).toBe(false), 10_000);
});

it.runIf(isRoot)(
	"keeps the data elsewhere when root's folder is closed, and finds it again",
	async () => {
		chmodSync(join(folder, ".."), 0o700);
		const notices: string[] = [];
		const onNotice = (notice: string) => notices.push(notice);
		const first = await start({ onNotice });
		onTestFinished(() => void execFileSync("rm", ["-rf", first.folder]));
		await query(first.url, "create table kept as select 42 as answer");
		await first.stop();

		const second = await start({ onNotice });

		expect(second.folder).toBe(first.folder);
		expect(second.folder).not.toBe(folder);
		expect(await query(second.url, "table kept")).toEqual([{ answer: 42 }]);
		expect(notices[0]).toContain(`the data is kept in ${first.folder}`);
	},
);

describe("while one runs", () => {
	let running: EmbeddedPostgres;

	beforeAll(async () => {
		const place = join(tmpdir(), `reelay-running-${process.pid}`);
		running = await startEmbeddedPostgres({
			folder: place,
			durable: false,
			temporary: true,
		});
		return running.stop;
	});

	it("refuses to start another on its folder", async () => {
		const second = startEmbeddedPostgres({ folder: running.folder });

		await expect(second).rejects.toThrow(
			`${running.folder} is in use by process ${process.pid}`,
		);
	});

	it("keeps its password from everybody else", async () => {
		const { mode } = statSync(join(running.folder, "data", "reelay.json"));
		const wrong = new URL(running.url);
		wrong.password = "wrong";

		expect(mode & 0o077).toBe(0);
		await expect(query(wrong.href, "select 1")).rejects.toThrow("password");
	});

	it.runIf(isRoot)("runs as another user when root started it", () => {
		const status = readFileSync(`/proc/${running.pid}/status`, "utf8");

		expect(status).not.toMatch(/^Uid:\s+0/m);
	});
});
