/**
 * The code and the text of what a dispatcher failed with: Node's and undici's own codes. It never tells whether anything
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
	return { code: code ?? error.name, message: message || error.name };
}
