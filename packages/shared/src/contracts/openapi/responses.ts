import { type ProblemCode, problems } from "../../domain/errors.ts";
import {
	type AnswerHeader,
	type Example,
	type Operation,
	problemsOf,
} from "../operations/operation.ts";
import { problemExample, problemSchema } from "../problem.ts";
import type { Components } from "./components.ts";
import { headersOf, rateHeaders } from "./headers.ts";

const json = "application/json";

/** Everything that an operation may answer with, by status. */
export function responsesOf(
	operation: Operation,
	components: Components,
): Record<string, object> {
	const answered = new Set(operation.answers.map(({ status }) => status));
	const answers = [...answered].map(
		(status) =>
			[String(status), answerResponse(operation, status, components)] as const,
	);
	const codes = problemsOf(operation);
	const statuses = new Set(codes.map((code) => problems[code].status));
	const refusals = [...statuses].map((status) => {
		const these = codes.filter((code) => problems[code].status === status);
		return [
			String(status),
			problemResponse(status, these, components),
		] as const;
	});
	return Object.fromEntries([...answers, ...refusals]);
}

/** What one status means; it may be answered in several media types. */
function answerResponse(
	operation: Operation,
	status: number,
	components: Components,
): object {
	const answers = operation.answers.filter((one) => one.status === status);
	const headers = new Set([
		...answers.flatMap((answer) => answer.headers ?? []),
		...(operation.scope === "none" ? [] : rateHeaders),
	]);
	const contents = answers.flatMap(({ schema, mediaType = json }) =>
		schema === undefined
			? []
			: [
					[
						mediaType,
						{
							schema: components.schemaOf(schema, "output"),
							...(mediaType === json ? shownAnswers(operation, status) : {}),
						},
					] as const,
				],
	);
	return {
		description: answers.map(({ description }) => description).join(" "),
		headers: headersOf([...headers]),
		...(contents.length === 0 ? {} : { content: Object.fromEntries(contents) }),
	};
}

function shownAnswers({ examples }: Operation, status: number): object {
	const shown = examples.filter(
		(example) => example.status === status && example.answer !== undefined,
	);
	return shown.length === 0
		? {}
		: { examples: named(shown, ({ answer }) => answer) };
}

/** Examples under short names, with the summary and what is to be shown of each. */
export function named(
	examples: readonly Example[],
	show: (example: Example) => unknown,
): Record<string, object> {
	return Object.fromEntries(
		examples.map((example, index) => [
			`example${index + 1}`,
			{ summary: example.summary, value: show(example) },
		]),
	);
}

/** Operations that refuse for the same reasons share the description of it. */
function problemResponse(
	status: number,
	codes: readonly ProblemCode[],
	components: Components,
): object {
	const name = `${status}.${codes.join(".")}`;
	components.responses[name] ??= {
		description: codes
			.map((code) => `${problems[code].title} (${code}).`)
			.join(" "),
		headers: headersOf([...(problemHeaders[status] ?? []), ...rateHeaders]),
		content: {
			"application/problem+json": {
				schema: {
					allOf: [
						components.schemaOf(problemSchema, "output"),
						{
							properties: {
								status: { const: status },
								code: { enum: codes },
							},
						},
					],
				},
				examples: Object.fromEntries(
					codes.map((code) => [
						code,
						{ summary: problems[code].title, value: problemExample(code) },
					]),
				),
			},
		},
	};
	return { $ref: `#/components/responses/${name}` };
}

const problemHeaders: Readonly<Record<number, readonly AnswerHeader[]>> = {
	401: ["WWW-Authenticate"],
	429: ["Retry-After"],
	503: ["Retry-After"],
};
