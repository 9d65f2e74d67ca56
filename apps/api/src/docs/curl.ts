import type {
	Example,
	Operation,
} from "@reelay/shared/contracts/operations/operation";

/** The example as a command for a shell that knows $API and $KEY. */
export function curlOf(operation: Operation, example: Example): string {
	const { method, scope } = operation;
	const headers = {
		...(example.body === undefined
			? {}
			: { "Content-Type": "application/json" }),
		...example.headers,
	};
	return [
		`curl -s${method === "get" ? "" : ` -X ${method.toUpperCase()}`} "$API${pathOf(operation, example)}"`,
		...(scope === "none" ? [] : ['-H "Authorization: Bearer $KEY"']),
		...Object.entries(headers).map(
			([name, value]) => `-H ${quoted(`${name}: ${value}`)}`,
		),
		...(example.body === undefined
			? []
			: [`-d ${quoted(JSON.stringify(example.body))}`]),
	].join(" \\\n  ");
}

function pathOf({ route }: Operation, { path, query }: Example): string {
	const filled = route.replaceAll(
		/\{(\w+)\}/g,
		(_braces, name: string) => path?.[name] ?? "",
	);
	const search = new URLSearchParams(query);
	return search.size === 0 ? filled : `${filled}?${search}`;
}

/** A text as one word of a shell. */
function quoted(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}
