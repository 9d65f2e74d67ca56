import { createOpenApi } from "@reelay/shared/contracts/openapi/document";
import { operations } from "@reelay/shared/contracts/operations/all";
import { clearTestStore } from "@reelay/shared/testing/store";
import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { type FuzzedRequest, pathOf, requestsOf } from "./testing/fuzz.ts";
import {
	type Scene,
	setScene,
	setWorkingStage,
	type WorkingStage,
} from "./testing/scenes.ts";

declare module "vitest" {
	interface ProvidedContext {
		/** How many requests are drawn, and what they follow from: FUZZ_REQUESTS and FUZZ_SEED. */
		fuzzRequests: number;
		fuzzSeed: number;
	}
}

const numRuns = inject("fuzzRequests");
const seed = inject("fuzzSeed");
// Some requests use up what the scene has: they delete its endpoint, and end its job.
const requestsPerScene = 100;

let stage: WorkingStage;
beforeAll(async () => {
	stage = await setWorkingStage();
});
afterAll(async () => {
	await stage.rest();
	await stage.close();
});

const document = createOpenApi("1.2.3");
const anyRequest = fc.oneof(
	...operations.map((operation) => ({
		// Most of what can go wrong is in a body.
		weight: operation.body === undefined ? 1 : 5,
		arbitrary: requestsOf(operation, document),
	})),
);

async function newScene(turn: number): Promise<Scene> {
	await stage.rest();
	await clearTestStore(stage.store);
	// In turn one for each, since they want jobs in different states.
	const operation = operations[turn % operations.length];
	if (operation === undefined) throw new Error("there is no operation");
	return setScene(stage, operation);
}

async function send(request: FuzzedRequest, scene: Scene): Promise<number> {
	// The stage rejects what the contract does not document: a status, a problem, a field.
	const { status, text } = await stage.request(pathOf(request, scene), {
		method: request.method,
		headers: request.headers,
		...(request.body === undefined || request.method === "GET"
			? {}
			: { body: request.body }),
	});
	expect(status, text).toBeLessThan(500);
	return status;
}

it(
	"answers whatever is sent to any operation as documented, and never with a fault of its own",
	async () => {
		const counts = new Map<string, number>();
		let sent = 0;
		let scene = await newScene(0);

		await fc.assert(
			fc.asyncProperty(anyRequest, async (request) => {
				if (sent > 0 && sent % requestsPerScene === 0) {
					scene = await newScene(sent / requestsPerScene);
				}
				sent += 1;
				const status = await send(request, scene);
				counts.set(String(status), (counts.get(String(status)) ?? 0) + 1);
			}),
			{ numRuns, seed },
		);

		const told = [...counts].toSorted().map(([status, n]) => `${status}: ${n}`);
		process.stdout.write(
			`${sent} requests by the seed ${seed}: ${told.join(", ")}\n`,
		);
		// Both are drawn: what is accepted, and what is refused.
		expect([...counts.keys()].sort()).toEqual(
			expect.arrayContaining(["200", "202", "404", "422"]),
		);
	},
	60_000 + numRuns * 60,
);
