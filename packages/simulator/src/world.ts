import { type Logger, pino } from "pino";
import {
	type Behaviour,
	type BehaviourPatch,
	faithful,
	mergeBehaviour,
} from "./behaviour.ts";
import { type CallbackSender, createCallbackSender } from "./callbacks.ts";
import { Clips } from "./clips.ts";
import { Ledger, ledgerBound } from "./ledger.ts";
import { createLifetime, type Lifetime } from "./lifetime.ts";
import { Purse } from "./purse.ts";
import { parseRate, type Rate, RateWindow } from "./rate-window.ts";
import { Scripts } from "./scripts.ts";
import { createTasks, type Tasks } from "./tasks.ts";
import type { UsageLies } from "./usage.ts";

export type SimulatorOptions = {
	/** Keys that are accepted; absent: any that does not begin with "bad-". */
	keys?: readonly string[] | undefined;
	/** Points at the start, and after a reset. */
	balance?: number | undefined;
	/** "20/10", or "off". */
	rate?: string | undefined;
	/** Renders at one time; the excess gets 429. */
	concurrency?: number | undefined;
	/** Where result URLs point; absent: to the host that the client asked. */
	publicUrl?: string | undefined;
	/** Laid over the faithful behaviour. */
	behaviour?: BehaviourPatch | undefined;
	logger?: Logger | undefined;
};

/** What holds for every request that says nothing else. */
export type Defaults = {
	behaviour: Behaviour;
	rate: Rate | null;
	concurrency: number;
};

/** Everything that the routes share. */
export type World = {
	keys: readonly string[] | undefined;
	publicUrl: string | undefined;
	logger: Logger;
	defaults: Defaults;
	purse: Purse;
	ledger: Ledger;
	scripts: Scripts;
	clips: Clips;
	lifetime: Lifetime;
	callbacks: CallbackSender;
	tasks: Tasks;
	/** POSTs that the limit let through: what the limit is about. */
	admitted: RateWindow;
	/** All POSTs with a good key: what a client's own limiter is judged by. */
	arrivals: RateWindow;
	openPosts: number;
	/** What the account's usage says that is not so. */
	usageLies: UsageLies;
	/** Back to the start: nothing rendering, no scripts, an empty ledger. */
	reset(): void;
};

/** Measured when there is no limit, so that the figure is still there. */
export const unlimitedWindowMs = 10_000;

export function createWorld(options: SimulatorOptions = {}): World {
	const initialBalance = options.balance ?? 1_000_000;
	const initialDefaults = (): Defaults => ({
		behaviour: mergeBehaviour(faithful, options.behaviour ?? {}),
		rate: parseRate(options.rate ?? "20/10"),
		concurrency: options.concurrency ?? 100,
	});
	const logger = options.logger ?? pino({ level: "silent" });
	const ledger = new Ledger();
	const lifetime = createLifetime();
	const purse = new Purse(initialBalance);
	const clips = new Clips(ledgerBound.posts);
	const callbacks = createCallbackSender({ ledger, lifetime, logger });
	const tasks = createTasks({ ledger, lifetime, purse, clips, callbacks });

	const world: World = {
		keys: options.keys,
		publicUrl: options.publicUrl,
		logger,
		defaults: initialDefaults(),
		purse,
		ledger,
		scripts: new Scripts(),
		clips,
		lifetime,
		callbacks,
		tasks,
		admitted: new RateWindow(),
		arrivals: new RateWindow(),
		openPosts: 0,
		usageLies: {},
		reset() {
			lifetime.renew();
			world.defaults = initialDefaults();
			world.usageLies = {};
			purse.reset(initialBalance);
			for (const part of [ledger, world.scripts, clips, tasks]) part.clear();
			world.admitted.clear();
			world.arrivals.clear();
		},
	};
	return world;
}
