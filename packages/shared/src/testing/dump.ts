import pg from "pg";

/**
 * Every row of every table as text, as the sink that must not hold a secret.
 * Bytes are read as text too, so that no column's type hides what is in it.
 */
export async function dumpDatabase(url: string): Promise<string> {
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	try {
		const tables = await client.query<{ name: string }>(
			`select format('%I.%I', schemaname, tablename) as name from pg_tables
			where schemaname not in ('pg_catalog', 'information_schema')`,
		);
		const texts: string[] = [];
		for (const { name } of tables.rows) {
			const { rows } = await client.query<Record<string, unknown>>(
				`select * from ${name}`,
			);
			texts.push(name, ...rows.map(showRow));
		}
		return texts.join("\n");
	} finally {
		await client.end();
	}
}

function showRow(row: Record<string, unknown>): string {
	return Object.values(row)
		.map((value) =>
			Buffer.isBuffer(value) ? value.toString("latin1") : JSON.stringify(value),
		)
		.join(" ");
}
