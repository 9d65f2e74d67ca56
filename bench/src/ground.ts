/**
 * What a whole run of the bench stands on: one Postgres, as durable as `npm start` has it, with a template of each fill, of
 * which every scenario gets a copy of its own, and the folder of all that is temporary.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyMigrations } from "@reelay/prisma/migrate";
import { startEmbeddedPostgres } from "@reelay/stack/embedded-postgres";
import pg from "pg";
import { fillDatabase, fullHistory, shortHistory } from "./fill.ts";

/** How many rows a database holds before the load: none, or a million finished jobs and 100,000 queued ones. */
export type Fill = "empty" | "filled";

export type Ground = {
	/** A folder that is gone after the run, in whatever way it ends but by SIGKILL. */
	folder: string;
	/** Where the API writes its CPU profiles, if it shall; outlives the run. */
	profiles: string | null;
	/** A database of our schema with so many rows; returns its URL. */
	copy(kind: Fill): Promise<string>;
	/** An empty database for a peer; returns its URL. */
	create(name: string): Promise<string>;
	drop(url: string): Promise<void>;
	close(): Promise<void>;
};

export type GroundOptions = {
	/** With few rows where there would be a million. */
	isShort: boolean;
	/** Whether the API writes CPU profiles. */
	isProfiled: boolean;
	onProgress: (sentence: string) => void;
};

let current: Ground | null = null;

/** The ground of this run; there is one at a time. */
export function currentGround(): Ground {
	if (current === null) throw new Error("no ground was opened for this run");
	return current;
}

/** Lays it; Postgres starts at once, the filled template is made when the first scenario asks for it. */
export async function openGround({
	isShort,
	isProfiled,
	onProgress,
}: GroundOptions): Promise<Ground> {
	const folder = mkdtempSync(join(tmpdir(), "reelay-bench-"));
	const remove = () => rmSync(folder, { recursive: true, force: true });
	process.once("exit", remove);
	const postgres = await startEmbeddedPostgres({
		folder: join(folder, "postgres"),
		temporary: true,
	});
	const urlOf = (database: string) =>
		Object.assign(new URL(postgres.url), { pathname: `/${database}` }).href;
	const admin = new pg.Client({ connectionString: urlOf("postgres") });
	await admin.connect();

	const history = isShort ? shortHistory : fullHistory;
	const fill = async (url: string) => {
		onProgress(`Writing ${history.finished} finished jobs …`);
		await fillDatabase(url, history);
	};
	const templates = new Map<Fill, Promise<string>>();
	const templateOf = (kind: Fill): Promise<string> => {
		const made = templates.get(kind) ?? makeTemplate(kind);
		templates.set(kind, made);
		return made;
	};
	const makeTemplate = async (kind: Fill): Promise<string> => {
		const name = `template_${kind}`;
		const below = kind === "filled" ? await templateOf("empty") : "template1";
		await admin.query(`create database ${name} template ${below}`);
		const url = urlOf(name);
		if (kind === "empty") await applyMigrations({ url });
		else await fill(url);
		return name;
	};

	let copies = 0;
	current = {
		folder,
		profiles: isProfiled
			? mkdtempSync(join(tmpdir(), "reelay-bench-profiles-"))
			: null,
		async copy(kind) {
			const template = await templateOf(kind);
			const name = `copy_${++copies}`;
			// Copied as files: through the log, a large one would take much longer.
			await admin.query(
				`create database ${name} template ${template} strategy file_copy`,
			);
			return urlOf(name);
		},
		async create(name) {
			const unique = `${name}_${++copies}`;
			await admin.query(`create database ${unique}`);
			return urlOf(unique);
		},
		async drop(url) {
			const name = new URL(url).pathname.slice(1);
			await admin.query(`drop database ${name} with (force)`);
		},
		async close() {
			current = null;
			await admin.end();
			await postgres.stop();
			process.off("exit", remove);
			remove();
		},
	};
	return current;
}
