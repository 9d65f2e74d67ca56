// Preloaded into a process whose statements are counted: what it does at its own time (sweeps, watches, what it writes once a
// minute) waits for a second or longer, and here that second never comes. What an event leads to goes on as ever.
const shortest = 1_000;
const { setTimeout: after, setInterval: every } = globalThis;
const never = 2 ** 31 - 1;
const hold =
	(start) =>
	(callback, ms, ...values) =>
		ms >= shortest
			? start(() => {}, never).unref()
			: start(callback, ms, ...values);

globalThis.setTimeout = Object.assign(hold(after), after);
globalThis.setInterval = hold(every);
