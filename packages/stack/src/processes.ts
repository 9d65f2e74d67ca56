import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { spawnGuard } from "./guard.ts";
import { follow, type LineReader } from "./output-lines.ts";

export type ProcessOptions = {
	name: string;
	/** A script, with the flags of Node before it: `["--watch", "main.ts"]`. */
	args: string[];
	env: Record<string, string | undefined>;
	cwd?: string;
	/** Polled until it answers 200; without it the process is ready at once. */
	readyUrl?: string;
	readyTimeoutMs?: number;
	/** Cuts the wait for readiness short. */
	signal?: AbortSignal;
	onLine?: (line: string) => void;
	/** Called with a sentence if it ends without being asked to. */
	onExit?: (sentence: string) => void;
};

export type RunningProcess = {
	name: string;
	pid: number;
	/** SIGTERM, and SIGKILL at the deadline. May be called twice. */
	stop(deadlineMs?: number): Promise<void>;
	/** As a power cut would: no warning, no cleaning up. */
	kill(signal: NodeJS.Signals): Promise<void>;
	/** The newest lines of its output. */
	lastLines(): string[];
};

const stopDeadlineMs = 20_000;
const pollMs = 100;
const answerTimeoutMs = 2_000;
const outputTimeoutMs = 300;

/**
 * Starts a Node process and waits until it is ready. Throws with its last
 * lines if it ends or is not ready in time, and then leaves nothing behind.
 */
export async function startProcess(
	options: ProcessOptions,
): Promise<RunningProcess> {
	const { name, onExit } = options;
	const { child, lines } = spawnNode(options);
	let stopping = false;
	const kill = async (signal: NodeJS.Signals) => {
		stopping = true;
		await endGroup(child, signal);
	};
	const stop = async (deadlineMs = stopDeadlineMs) => {
		const timer = setTimeout(() => void kill("SIGKILL"), deadlineMs);
		await kill("SIGTERM").finally(() => clearTimeout(timer));
	};
	try {
		await waitUntilReady(options, child, lines);
	} catch (error) {
		await kill("SIGKILL");
		throw error;
	}
	const tell = () => {
		if (!stopping) onExit?.(exitSentence(name, child, lines));
	};
	if (hasEnded(child)) tell();
	else child.once("exit", () => void outputEnd(child).then(tell));
	return { name, pid: child.pid ?? 0, stop, kill, lastLines: lines.last };
}

function spawnNode(options: ProcessOptions) {
	const child = spawn(process.execPath, options.args, {
		env: options.env,
		...(options.cwd ? { cwd: options.cwd } : {}),
		// A group of its own: Ctrl-C reaches the one that stops all in order, and
		// a watcher is stopped together with what it watches.
		detached: true,
		stdio: ["ignore", "pipe", "pipe"],
	});
	child.once("error", () => {});
	if (child.pid) {
		const target = -child.pid;
		const graceS = stopDeadlineMs / 1000;
		const guard = spawnGuard({ target, signal: "TERM", graceS });
		child.once("exit", () => guard.kill());
	}
	return { child, lines: follow([child.stdout, child.stderr], options.onLine) };
}

async function endGroup(
	child: ChildProcess,
	signal: NodeJS.Signals,
): Promise<void> {
	if (!child.pid || hasEnded(child)) return;
	const exited = once(child, "exit");
	try {
		process.kill(-child.pid, signal);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
	}
	await exited;
}

async function waitUntilReady(
	{ name, readyUrl, readyTimeoutMs = 60_000, signal }: ProcessOptions,
	child: ChildProcess,
	lines: LineReader,
): Promise<void> {
	const giveUpAt = Date.now() + readyTimeoutMs;
	let answer = "no answer";
	while (readyUrl && answer !== "ready") {
		signal?.throwIfAborted();
		if (hasEnded(child)) {
			await outputEnd(child);
			throw new Error(exitSentence(name, child, lines));
		}
		if (Date.now() > giveUpAt) {
			throw new Error(
				`${name} was not ready within ${readyTimeoutMs / 1000} s. ${readyUrl} said: ${answer}\n${lines.last().join("\n")}`,
			);
		}
		await delay(pollMs);
		answer = await askReadiness(readyUrl);
	}
}

// The last lines may still be in the pipe, which a child of the child may
// hold open for ever.
async function outputEnd(child: ChildProcess): Promise<void> {
	await Promise.race([once(child, "close"), delay(outputTimeoutMs)]);
}

async function askReadiness(url: string): Promise<string> {
	try {
		const signal = AbortSignal.timeout(answerTimeoutMs);
		const response = await fetch(url, { signal });
		const body = await response.text();
		return response.ok ? "ready" : `${response.status} ${body}`;
	} catch (error) {
		const { message, cause } = error as Error & { cause?: { code?: string } };
		return cause?.code ?? message;
	}
}

function exitSentence(
	name: string,
	child: ChildProcess,
	lines: LineReader,
): string {
	const how =
		child.signalCode === null
			? `with exit code ${child.exitCode}`
			: `by ${child.signalCode}`;
	return `${name} ended ${how}; its last lines:\n${lines.last().join("\n")}`;
}

function hasEnded(child: ChildProcess): boolean {
	return !child.pid || child.exitCode !== null || child.signalCode !== null;
}
