/** Everything that waits belongs to a lifetime, so that ending it leaves no timer, socket or promise at work. */
export type Lifetime = {
	/** Resolves after the delay; never, when the lifetime ends first. */
	sleep(ms: number): Promise<void>;
	/** Runs once after the delay; the returned function calls it off. */
	after(ms: number, run: () => void): () => void;
	/** Runs once when the lifetime ends; the returned function calls it off. */
	onEnd(run: () => void): () => void;
	/** Counts the renewals: work that began in another epoch must not go on. */
	epoch(): number;
	/** Ends what is under way and begins afresh: a reset, or the stop. */
	renew(): void;
};

export function createLifetime(): Lifetime {
	const timers = new Set<NodeJS.Timeout>();
	const endings = new Set<() => void>();
	let epoch = 0;

	function after(ms: number, run: () => void): () => void {
		const timer = setTimeout(() => {
			timers.delete(timer);
			run();
		}, ms);
		timers.add(timer);
		return () => {
			clearTimeout(timer);
			timers.delete(timer);
		};
	}

	function renew(): void {
		epoch += 1;
		for (const timer of timers) clearTimeout(timer);
		timers.clear();
		const due = [...endings];
		endings.clear();
		for (const run of due) run();
	}

	return {
		after,
		sleep: (ms) =>
			new Promise((resolve) => {
				after(ms, resolve);
			}),
		onEnd(run) {
			endings.add(run);
			return () => endings.delete(run);
		},
		epoch: () => epoch,
		renew,
	};
}
