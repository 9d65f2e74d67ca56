export type Gate = {
	/** Settles when somebody has come to the gate. */
	reached: Promise<void>;
	/** What stands at the gate waits here until `open`. */
	wait(): Promise<void>;
	open(): void;
};

/** Holds something up at a known place, so that a test can look around while it waits. */
export function createGate(): Gate {
	let arrive = () => {};
	let open = () => {};
	const reached = new Promise<void>((resolve) => {
		arrive = resolve;
	});
	const opened = new Promise<void>((resolve) => {
		open = resolve;
	});
	return {
		reached,
		wait() {
			arrive();
			return opened;
		},
		open: () => open(),
	};
}
