import type { Job } from "@reelay/client";
import type { Context } from "./command.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import { showJob, stateText } from "./show-job.ts";

const tickMs = 1_000;

/**
 * Follows a job to its end: a moving line on a terminal, a line for each change elsewhere, and each change of the job as
 * JSON with --json. The exit code says whether there is a video.
 */
export async function followJob(
	context: Context,
	id: string,
): Promise<ExitCode> {
	const { terminal, isJson, signal, flags } = context;
	const timeoutS = flags.number("timeout");
	const startedAt = performance.now();
	let state = "";
	const tick = () => {
		const elapsed = elapsedText(performance.now() - startedAt);
		terminal.progress(`${stateText(terminal, state)}  ${elapsed}  ${id}`);
	};
	const timer = terminal.isInteractive ? setInterval(tick, tickMs) : undefined;
	try {
		const job = await context.reelay().jobs.waitFor(id, {
			signal,
			timeoutMs: timeoutS === undefined ? undefined : timeoutS * 1000,
			onUpdate(job: Job) {
				if (isJson) terminal.out(JSON.stringify(job));
				else if (!terminal.isInteractive && job.state !== state) {
					terminal.note(`${job.state}  ${id}`);
				}
				state = job.state;
				tick();
			},
		});
		if (!isJson) showJob(terminal, job);
		return job.state === "succeeded" ? exitCodes.ok : exitCodes.failed;
	} finally {
		clearInterval(timer);
	}
}

function elapsedText(ms: number): string {
	const seconds = Math.floor(ms / 1000);
	const rest = String(seconds % 60).padStart(2, "0");
	return `${Math.floor(seconds / 60)}:${rest}`;
}
