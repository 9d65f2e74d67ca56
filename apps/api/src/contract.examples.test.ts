import { createOpenApi } from "@reelay/shared/contracts/openapi/document";
import { operations } from "@reelay/shared/contracts/operations/all";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
	sendExample,
	setScene,
	setWorkingStage,
	type WorkingStage,
} from "./testing/scenes.ts";
import { createWitness } from "./testing/witness.ts";

let stage: WorkingStage;
beforeAll(async () => {
	stage = await setWorkingStage();
});
beforeEach(async () => {
	await stage.rest();
	await clearTestStore(stage.store);
});
afterAll(async () => {
	await stage.rest();
	await stage.close();
});

const witness = createWitness(createOpenApi("1.2.3"));
const examples = operations.flatMap((operation) =>
	operation.examples.map((example) => ({ operation, example })),
);

describe("every example", () => {
	it.each(examples)(
		"of $operation.id is answered as the document says: $example.summary",
		async ({ operation, example }) => {
			const scene = await setScene(stage, operation);

			const answer = await sendExample(stage, operation, { example, scene });

			expect(answer.status, answer.text).toBe(example.status);
			const mediaType = answer.headers.get("content-type") ?? "";
			const judgement = witness.judgeAnswer(operation, answer.status, {
				mediaType: String(mediaType.split(";")[0]),
				body: answer.json ?? answer.text,
			});
			expect(judgement).toBeNull();
			const documented = operation.answers.find(
				({ status }) => status === answer.status,
			)?.headers;
			if (documented?.includes("Location")) {
				expect(answer.headers.get("location")).toMatch(/^\/v1\/\w+\/\w+$/);
			}
		},
	);

	it.each(examples.filter(({ example }) => example.body !== undefined))(
		"of $operation.id sends a body that the document allows: $example.summary",
		({ operation, example }) => {
			expect(witness.judgeBody(operation, example.body)).toBeNull();
		},
	);

	it.each(examples.filter(({ example }) => example.answer !== undefined))(
		"of $operation.id shows an answer that the document allows: $example.summary",
		({ operation, example }) => {
			const { status, answer } = example;
			const mediaType = "application/json";

			const judged = { mediaType, body: answer };
			expect(witness.judgeAnswer(operation, status, judged)).toBeNull();
			const { schema } =
				operation.answers.find((one) => one.status === status) ?? {};
			expect(schema?.safeParse(answer).error?.message).toBeUndefined();
		},
	);
});
