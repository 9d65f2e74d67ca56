import type { CreatedKey } from "@reelay/client";
import type { Context } from "./command.ts";

/** A key that was just made: the one time that it can be read. */
export function showNewKey(
	{ terminal, isJson }: Pick<Context, "terminal" | "isJson">,
	key: CreatedKey,
): void {
	if (isJson) {
		terminal.out(JSON.stringify(key));
		return;
	}
	terminal.out(terminal.style("bold", key.id));
	terminal.out(`  key         ${key.key}`);
	terminal.out(`  scopes      ${key.scopes.join(", ")}`);
	terminal.note("The key is shown this once: keep it where it is used.");
}
