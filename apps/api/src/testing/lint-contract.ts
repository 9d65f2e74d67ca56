import { createConfig, lintFromString } from "@redocly/openapi-core";
import type { OpenApiDocument } from "@reelay/shared/contracts/openapi/document";

/** The strict set of recommended rules, and those beyond it that a reader of the document profits from. */
const rules = {
	"array-parameter-serialization": "error",
	"operation-singular-tag": "error",
	"operation-tag-defined": "error",
	"parameter-description": "error",
	"component-name-unique": "error",
	// Whole words: there is a "get" in every budget.
	"no-http-verbs-in-paths": { severity: "error", splitIntoWords: true },
	"spec-strict-refs": "error",
	// What takes neither a key nor any input, as /healthz, refuses nothing. Which 4xx the others have, our tests hold.
	"operation-4xx-response": "off",
} as const;

/** Judges a document by Redocly's rules, and gives a sentence for each complaint. Nothing is read from a network. */
export async function lintContract(
	document: OpenApiDocument,
): Promise<string[]> {
	const config = await createConfig({ extends: ["recommended-strict"], rules });
	const complaints = await lintFromString({
		source: JSON.stringify(document),
		absoluteRef: "/openapi.json",
		config,
	});
	return complaints.map(({ ruleId, severity, message, location }) => {
		const at = location.map(({ pointer }) => pointer ?? "").join(", ");
		return `${severity} ${ruleId} at ${at}: ${message}`;
	});
}
