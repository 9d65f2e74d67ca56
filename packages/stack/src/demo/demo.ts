import { loadStackSettings } from "../settings.ts";
import { type FoundStack, findStack } from "./find-stack.ts";
import { createDemoJobs } from "./jobs.ts";
import { type DemoOptions, decidePictures } from "./options.ts";
import { type OwnStack, startOwnStack } from "./own-stack.ts";
import { createProgressView, type Terminal } from "./progress.ts";
import { isAllRight, renderReport } from "./report.ts";
import { runDemo, type Target } from "./run-demo.ts";

export type Demo = {
	options: DemoOptions;
	env: Record<string, string | undefined>;
	root: string;
	terminal: Terminal;
	/** Aborted by the user, by a process that is lost, and when time is up. */
	ending: AbortController;
};

// From the first line to the last check; a real render takes minutes.
const limitMs = { simulated: 60_000, real: 30 * 60_000 };
/** Of the limit, what is kept for the checks and the table. */
const checksMs = 10_000;

/**
 * Runs the demo on the running stack, or on one of its own that it stops
 * again, and says whether all was right. Throws a sentence when it cannot be
 * run to its end.
 */
export async function demo(input: Demo): Promise<boolean> {
	const { target, reason } = await findTarget(input);
	const isReal = target !== null && target.simulatorUrl === null;
	const ms = isReal ? limitMs.real : limitMs.simulated;
	const giveUpAtMs = Date.now() + ms;
	const giveUp = setTimeout(() => {
		const sentence = `The demo was not over within ${ms / 1_000} s.`;
		input.ending.abort(new Error(sentence));
	}, ms);
	try {
		if (target) return await runOn(target, input, giveUpAtMs);
		say(input, `${reason}, so the demo starts a stack of its own.`);
		return await runOnOwn(input, giveUpAtMs);
	} finally {
		clearTimeout(giveUp);
	}
}

async function findTarget({ options, env, root }: Demo): Promise<FoundStack> {
	if (options.isOwn) return { target: null, reason: "--own was given" };
	return findStack(loadStackSettings(env, root));
}

async function runOnOwn(input: Demo, giveUpAtMs: number): Promise<boolean> {
	const { root, env, ending } = input;
	const own = await startOwnStack({
		...{ root, env, signal: ending.signal },
		onProgress: (sentence) => say(input, sentence),
		onFailure: (sentence) => ending.abort(new Error(sentence)),
	});
	let isRight = false;
	try {
		isRight = await runOn(own.target, input, giveUpAtMs);
	} finally {
		if (!isRight) showComplaints(input, own);
		await own.stop();
		say(input, "The demo's own stack is stopped, and its videos went with it.");
	}
	return isRight;
}

async function runOn(
	target: Target,
	{ options, env, terminal, ending }: Demo,
	giveUpAtMs: number,
): Promise<boolean> {
	const pictures = decidePictures(options, target.simulatorUrl !== null);
	const jobs = createDemoJobs(pictures);
	const startedAtMs = Date.now();
	terminal.write(`\nSubmitting ${jobs.length} jobs to ${target.apiUrl}\n`);
	const outcomes = await runDemo({
		target,
		jobs,
		view: createProgressView(terminal, env),
		deadlineMs: Math.max(0, giveUpAtMs - checksMs - startedAtMs),
		signal: ending.signal,
	});
	const width = terminal.isTTY ? (terminal.columns ?? null) : null;
	const elapsedMs = Date.now() - startedAtMs;
	terminal.write(`\n${renderReport(outcomes, { width, elapsedMs })}\n`);
	return isAllRight(outcomes);
}

function showComplaints({ ending, terminal }: Demo, own: OwnStack): void {
	const lines = own.complaints();
	if (ending.signal.aborted || lines.length === 0) return;
	terminal.write(`\nWhat the stack said:\n${lines.join("\n")}\n`);
}

function say({ terminal }: Demo, sentence: string): void {
	terminal.write(`${sentence}\n`);
}
