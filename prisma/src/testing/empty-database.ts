import { randomBytes } from "node:crypto";
import pg from "pg";

export type EmptyDatabase = {
	url: string;
	query<Row extends pg.QueryResultRow>(statement: string): Promise<Row[]>;
	drop(): Promise<void>;
};

/** A database without any table, for the tests of migrating itself. */
export async function createEmptyDatabase(
	adminUrl: string,
): Promise<EmptyDatabase> {
	const name = `empty_${randomBytes(6).toString("hex")}`;
	await queryOnce(adminUrl, `create database ${name}`);
	const url = new URL(adminUrl);
	url.pathname = `/${name}`;
	return {
		url: url.href,
		query: (statement) => queryOnce(url.href, statement),
		drop: async () => {
			await queryOnce(adminUrl, `drop database ${name} with (force)`);
		},
	};
}

async function queryOnce<Row extends pg.QueryResultRow>(
	connectionString: string,
	statement: string,
): Promise<Row[]> {
	const client = new pg.Client({ connectionString });
	await client.connect();
	try {
		return (await client.query<Row>(statement)).rows;
	} finally {
		await client.end();
	}
}
