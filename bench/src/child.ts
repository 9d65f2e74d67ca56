import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A program of this folder in a process of its own, which answers each message with one. */
export type Child = {
	ask<Answer>(question: unknown): Promise<Answer>;
	stop(): Promise<void>;
};

/** Starts it; it ends with us, for its channel closes. */
export function startChild(program: string): Child {
	const child: ChildProcess = fork(
		fileURLToPath(new URL(`./${program}.ts`, import.meta.url)),
		{ serialization: "advanced" },
	);
	return {
		async ask<Answer>(question: unknown) {
			const over = new AbortController();
			const { signal } = over;
			const answered = once(child, "message", { signal });
			const ended = once(child, "exit", { signal }).then(([code]) => {
				throw new Error(`${program} ended with ${code}`);
			});
			for (const either of [answered, ended]) either.catch(() => {});
			child.send(question as object);
			try {
				const [answer] = await Promise.race([answered, ended]);
				return answer as Answer;
			} finally {
				over.abort();
			}
		},
		async stop() {
			if (child.exitCode !== null) return;
			const exited = once(child, "exit");
			child.disconnect();
			await exited;
		},
	};
}
