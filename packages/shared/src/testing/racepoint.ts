import { appendFileSync, existsSync, readFileSync, renameSync } from "node:fs";
import type { Racepoint } from "../runtime/racepoint.ts";

/**
 * A racepoint that a test steers through `RACEPOINT_FILE`: a file of that name arms it, and what stands in it is the
 * place. The first process that comes to the place renames the file to `<file>.reached` and kills itself, as `kill -9`
 * would; those after it pass until the file is written again. With an id behind the place, everyone dies who comes there
 * with that id, as of a job that nobody can process; each leaves a line in `<file>.reached`.
 */
export function stopAtRacepoint(
	env: Record<string, string | undefined>,
): Racepoint {
	const { RACEPOINT_FILE: file } = env;
	return async (name, id) => {
		if (file === undefined || !existsSync(file)) return;
		const armed = readFileSync(file, "utf8");
		if (armed === name) renameSync(file, `${file}.reached`);
		else if (id !== undefined && armed === `${name} ${id}`) {
			appendFileSync(`${file}.reached`, `${armed}\n`);
		} else return;
		process.kill(process.pid, "SIGKILL");
		// The signal is on its way; nothing may happen meanwhile.
		await new Promise(() => {});
	};
}
