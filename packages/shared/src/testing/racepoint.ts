import { existsSync, readFileSync, renameSync } from "node:fs";
import type { Racepoint } from "../runtime/racepoint.ts";

/**
 * A racepoint that a test steers through `RACEPOINT_FILE`: a file of that name arms it, and what stands in it is the
 * place. The first process that comes to the place renames the file to `<file>.reached` and kills itself, as `kill -9`
 * would; those after it pass until the file is written again.
 */
export function stopAtRacepoint(
	env: Record<string, string | undefined>,
): Racepoint {
	const { RACEPOINT_FILE: file } = env;
	return async (name) => {
		if (file === undefined || !existsSync(file)) return;
		if (readFileSync(file, "utf8") !== name) return;
		renameSync(file, `${file}.reached`);
		process.kill(process.pid, "SIGKILL");
		// The signal is on its way; nothing may happen meanwhile.
		await new Promise(() => {});
	};
}
