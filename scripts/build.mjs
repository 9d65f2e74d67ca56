// Builds what has changed, through turbo.
import { join } from "node:path";
import { root, run } from "./run.mjs";

/** Builds what has changed and returns the exit code; silent on success. */
export async function build(env) {
	const { code, output } = await run(
		join(root, "node_modules", ".bin", "turbo"),
		["run", "build", "--output-logs=errors-only", "--log-order=grouped"],
		{
			captured: true,
			env: {
				...env,
				TURBO_TELEMETRY_DISABLED: "1",
				TURBO_NO_UPDATE_NOTIFIER: "1",
				DO_NOT_TRACK: "1",
			},
		},
	);
	if (code !== 0) process.stderr.write(`${output}\nThe build failed.\n`);
	return { code };
}
