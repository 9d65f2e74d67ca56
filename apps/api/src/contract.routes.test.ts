import { operations } from "@reelay/shared/contracts/operations/all";
import { createMemoryLog } from "@reelay/shared/testing/log";
import type { Express } from "express";
import { describe, expect, it } from "vitest";
import { createApp } from "./app.ts";
import { listRoutes } from "./testing/routes.ts";

// No request is sent, so nothing is asked of what it is made of.
const { logger } = createMemoryLog();
const app: Express = createApp({ health: {}, logger } as never);

const declared = operations.map(
	({ method, route }) => `${method.toUpperCase()} ${route}`,
);

describe("the contract", () => {
	it("declares every route that Express serves, and no other", () => {
		// What the page at /docs is made of is no part of the API.
		const served = listRoutes(app).filter((one) => !one.includes("/docs/"));

		expect(declared.toSorted()).toEqual(served);
	});

	it("declares each of them once, by a name of its own", () => {
		const ids = operations.map(({ id }) => id);

		expect(new Set(declared).size).toBe(declared.length);
		expect(new Set(ids).size).toBe(ids.length);
	});

	it("describes every name in a path, and has an example of each operation", () => {
		for (const { id, route, path = {}, examples } of operations) {
			const names = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);

			expect(Object.keys(path), id).toEqual(names);
			for (const example of examples) {
				expect(Object.keys(example.path ?? {}), id).toEqual(names);
			}
			expect(examples.length, id).toBeGreaterThan(0);
		}
	});
});
