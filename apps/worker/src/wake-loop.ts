export type WakeLoop = {
	/** Asks for a pass and returns at once. Any number of wakes during a pass lead to one more after it. */
	wake(): void;
	/** No pass begins any more; resolves when the one under way has ended. */
	stop(): Promise<void>;
	isStopping(): boolean;
};

/** Merges rings, ticks and freed places into one loop that never runs two passes at once. `pass` handles its own errors. */
export function createWakeLoop(pass: () => Promise<void>): WakeLoop {
	let running: Promise<void> | null = null;
	let wokenAgain = false;
	let stopping = false;

	function wake(): void {
		if (stopping) return;
		if (running !== null) {
			wokenAgain = true;
			return;
		}
		running = pass().finally(() => {
			running = null;
			if (wokenAgain) {
				wokenAgain = false;
				wake();
			}
		});
	}

	return {
		wake,
		isStopping: () => stopping,
		async stop() {
			stopping = true;
			await running;
		},
	};
}
