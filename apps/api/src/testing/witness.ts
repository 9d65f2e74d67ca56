import type { OpenApiDocument } from "@reelay/shared/contracts/openapi/document";
import type { Operation } from "@reelay/shared/contracts/operations/operation";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

/** Judges by the document alone, as a reader of it would: null, or what is wrong. */
export type Witness = {
	judgeBody(operation: Operation, body: unknown): string | null;
	judgeAnswer(
		operation: Operation,
		status: number,
		answer: { mediaType: string; body: unknown },
	): string | null;
};

/** Another implementation of JSON Schema than the one that validates requests, and none of its schemas but the document's. */
export function createWitness(document: OpenApiDocument): Witness {
	// OpenAPI's own keywords are none of JSON Schema's, and a list of types is no mistake of the document.
	const ajv = new Ajv2020({ strict: false, allErrors: true });
	formats.default(ajv);
	ajv.addSchema(document, "api");
	const judge = (pointer: readonly string[], value: unknown) => {
		const validate = ajv.getSchema(`api#${pointer.map(pointerStep).join("")}`);
		if (validate === undefined) return `there is no ${pointer.join("/")}`;
		return validate(value) ? null : ajv.errorsText(validate.errors);
	};
	return {
		judgeBody: ({ route, method }, body) =>
			judge(
				[
					...["paths", route, method, "requestBody"],
					...["content", "application/json", "schema"],
				],
				body,
			),
		judgeAnswer({ route, method }, status, { mediaType, body }) {
			const responses = document.paths[route]?.[method] as {
				responses: Record<string, { $ref?: string; content?: object }>;
			};
			const response = responses.responses[status];
			if (response === undefined) return `there is no ${status}`;
			const at =
				response.$ref === undefined
					? ["paths", route, method, "responses", String(status)]
					: response.$ref.slice(2).split("/");
			if (response.$ref === undefined && response.content === undefined)
				return body === "" ? null : "there is a body";
			return judge([...at, "content", mediaType, "schema"], body);
		},
	};
}

function pointerStep(name: string): string {
	const pointer = name.replaceAll("~", "~0").replaceAll("/", "~1");
	return `/${encodeURIComponent(pointer)}`;
}
