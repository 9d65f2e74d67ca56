// undici has one code for a connection that the other side closed, and for one that it closed itself for what came.
const badResponses = new Set(["bad response", "bad upgrade"]);

/**
 * The code and the text of what a dispatcher failed with: Node's and undici's own codes, and `bad_response`. It never tells whether anything
 * was sent.
 */
export function describePostError(error: unknown): {
	code: string;
	message: string;
} {
	if (!(error instanceof Error)) return { code: "unknown", message: "unknown" };
	// When every address of a host refuses, Node throws an AggregateError whose own message is empty.
	const inner =
		error instanceof AggregateError && error.message === ""
			? (error.errors[0] as Error | undefined)
			: undefined;
	const { code, message } = (inner ?? error) as NodeJS.ErrnoException;
	if (code === "UND_ERR_SOCKET" && badResponses.has(message)) {
		return { code: "bad_response", message };
	}
	return { code: code ?? error.name, message: message || error.name };
}
