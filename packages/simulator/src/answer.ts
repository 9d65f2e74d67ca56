import type { FieldError } from "./validate-input.ts";

/** What happens to a POST's socket. Only "whole" is what a client hopes for. */
export type Answer = WrittenAnswer | { transport: "hang" | "reset" };

export type WrittenAnswer = {
	transport: "whole" | "drip" | "cut";
	status: number;
	headers: Record<string, string>;
	body: string;
};

export function jsonAnswer(
	status: number,
	body: unknown,
	headers: Record<string, string> = {},
): WrittenAnswer {
	return {
		transport: "whole",
		status,
		headers: { "content-type": "application/json", ...headers },
		body: JSON.stringify(body),
	};
}

export function htmlAnswer(status: number, title: string): WrittenAnswer {
	return {
		transport: "whole",
		status,
		headers: { "content-type": "text/html; charset=utf-8" },
		body: `<!doctype html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
	};
}

/** FastAPI's form of an error: a sentence, or a list with one entry per field. */
export function detailAnswer(
	status: number,
	detail: string | FieldError[],
	headers: Record<string, string> = {},
): WrittenAnswer {
	return jsonAnswer(status, { detail }, headers);
}
