import { expect, it } from "vitest";
import { readDocument, readTable } from "./testing/documents.ts";

const scaling = readDocument("docs/SCALING.md");

it("counts the connections that each process may open, by what its pools are given", () => {
	const rows = readTable(scaling, "| process | pools |");

	const opened = rows.map(([app]) => {
		const source = readDocument(`apps/${app}/src/service.ts`);
		const config = readDocument(`apps/${app}/src/config.ts`);
		const sizes = [
			...source.matchAll(/[pP]oolSize(?:: | = )(\d+)/g),
			...config.matchAll(/REPORT_CONNECTIONS: positiveInt\(\s*(\d+)/g),
		];
		return [app, sizes.reduce((sum, [, size]) => sum + Number(size), 0)];
	});

	expect(rows.map(([app, , withRedis]) => [app, Number(withRedis)])).toEqual(
		opened,
	);
	expect(rows.map(([app]) => app)).toEqual(["api", "worker", "webhook"]);
});

it("adds to them what rings in Postgres, a producer in each and a consumer that listens in a worker", () => {
	const backend = readDocument("packages/shared/src/queue/backend.ts");
	const [producer = 0, consumer = 0] = [
		...backend.matchAll(/postgresConnection\(settings\.databaseUrl, (\d)\)/g),
	].map(([, size]) => Number(size));
	const listener = 1;

	const added = readTable(scaling, "| process | pools |").map(
		([app, , withRedis, without = ""]) => [
			app,
			Number.parseInt(without, 10) - Number(withRedis),
		],
	);

	expect(added).toEqual([
		["api", producer],
		["worker", producer + consumer + listener],
		["webhook", producer],
	]);
});

it("watches metrics that there are", () => {
	const explained = readTable(
		readDocument("docs/FAILURES.md"),
		"| metric | says |",
	).map(([name]) => name);

	const watched = scaling.match(/reelay_\w+/g) ?? [];

	expect(watched.length).toBeGreaterThan(0);
	expect(explained).toEqual(expect.arrayContaining(watched));
});
