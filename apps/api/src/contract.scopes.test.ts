import { exampleIds } from "@reelay/shared/contracts/ids";
import { operations } from "@reelay/shared/contracts/operations/all";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { allScopes } from "./middleware/authenticate.ts";
import { sendExample } from "./testing/scenes.ts";
import { type ApiStage, setStage } from "./testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
beforeEach(() => clearTestStore(stage.store));
afterAll(() => stage.close());

it.each(operations.filter(({ scope }) => scope !== "none"))(
	"is open to its scope and asks for no other: $id with $scope",
	async (operation) => {
		const [example] = operation.examples;
		if (example === undefined) throw new Error("there is no example");
		// Nobody can give a scope that they do not have.
		const given = (example.body as { scopes?: string[] } | undefined)?.scopes;
		const scopes = allScopes.filter(
			(one) => one === operation.scope || given?.includes(one) === true,
		);
		const scene = { ...exampleIds };

		const key = await stage.aKey(stage.store.tenantId, scopes);
		const answer = await sendExample(stage, operation, {
			example,
			scene,
			key,
		});

		expect([401, 403]).not.toContain(answer.status);
	},
);
