import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createPrismaClient } from "./client.ts";
import {
	createEmptyDatabase,
	type EmptyDatabase,
} from "./testing/empty-database.ts";

let database: EmptyDatabase;
beforeAll(async () => {
	database = await createEmptyDatabase(inject("postgresAdminUrl"));
	const prisma = open();
	await prisma.$executeRaw`create table line (id int, text text)`;
	await prisma.$executeRaw`insert into line values (1, 'a')`;
	await prisma.$disconnect();
});
afterAll(() => database.drop());

const open = () =>
	createPrismaClient({
		url: database.url,
		applicationName: "reelay-test",
		poolSize: 1,
		keepsPlans: true,
	});

it("keeps the plans of statements, one for each text", async () => {
	const prisma = open();

	for (const n of [1, 2, 3]) {
		await prisma.$queryRaw`select ${n}::int as n`;
		await prisma.$executeRaw`update line set text = 'b' where id = ${n}`;
	}

	const kept = await prisma.$queryRaw<{ statement: string }[]>`
		select statement from pg_prepared_statements where statement like '%$1%' and statement not like '%pg_prepared%' order by 1`;
	await prisma.$disconnect();
	expect(kept.map(({ statement }) => statement)).toEqual([
		"select $1::int as n",
		"update line set text = 'b' where id = $1",
	]);
});

it("plans anew what a migration has outdated, and the caller does not notice", async () => {
	const prisma = open();
	const other = open();
	const read = () => prisma.$queryRaw<object[]>`select * from line`;
	for (let n = 0; n < 10; n += 1) await read();

	await other.$executeRaw`alter table line add column next_release int`;
	const [row] = await read();

	await Promise.all([prisma.$disconnect(), other.$disconnect()]);
	expect(row).toHaveProperty("next_release", null);
});
