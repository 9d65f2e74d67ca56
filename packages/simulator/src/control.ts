import { z } from "zod";
import {
	type Behaviour,
	behaviourPatchSchema,
	mergeBehaviour,
} from "./behaviour.ts";
import type { CallbackEntry, LedgerTotals, PostEntry } from "./ledger.ts";
import { parseRate, type Rate, rateSchema } from "./rate-window.ts";
import type { Script, Scripts } from "./scripts.ts";
import { type UsageLies, usageLiesSchema } from "./usage.ts";
import type { World } from "./world.ts";

export const defaultsPatchSchema = behaviourPatchSchema.extend({
	rate: rateSchema.optional(),
	concurrency: z.number().int().min(0).optional(),
	balance: z.number().int().optional(),
});

export type DefaultsPatch = z.infer<typeof defaultsPatchSchema>;

export const balanceSchema = z.union([
	z.strictObject({ set: z.number().int() }),
	z.strictObject({ add: z.number().int() }),
]);

export const ledgerQuerySchema = z.strictObject({
	task_id: z.string().optional().describe("this task only"),
	prompt: z.string().optional().describe("a substring of the prompt"),
	after: z.coerce.number().int().optional().describe("posts with a greater n"),
	limit: z.coerce.number().int().min(0).optional().describe("the newest ones"),
});

export type LedgerQuery = z.infer<typeof ledgerQuerySchema>;

export type LedgerReport = {
	posts: PostEntry[];
	callbacks: CallbackEntry[];
	totals: LedgerTotals & { max_in_window: number };
};

export type Settings = {
	behaviour: Behaviour;
	rate: Rate | null;
	concurrency: number;
	balance: number;
	reserved: number;
	running: number;
};

/** What the control route does, for a program that holds the simulator itself. */
export type Control = {
	settings(): Settings;
	setDefaults(patch: DefaultsPatch): Settings;
	/** Says the script's id. */
	addScript(script: Script): number;
	listScripts(): ReturnType<Scripts["list"]>;
	clearScripts(): void;
	changeBalance(change: z.infer<typeof balanceSchema>): number;
	ledger(query?: LedgerQuery): LedgerReport;
	/** Replaces what was said before; an empty object is the truth again. */
	setUsageLies(lies: z.input<typeof usageLiesSchema>): UsageLies;
	reset(): void;
};

export function createControl(world: World): Control {
	function settings(): Settings {
		return {
			...world.defaults,
			balance: world.purse.balance,
			reserved: world.purse.reserved,
			running: world.tasks.running(),
		};
	}

	return {
		settings,
		setDefaults(patch) {
			const { rate, concurrency, balance, ...behaviour } =
				defaultsPatchSchema.parse(patch);
			world.defaults = {
				behaviour: mergeBehaviour(world.defaults.behaviour, behaviour),
				rate: rate === undefined ? world.defaults.rate : parseRate(rate),
				concurrency: concurrency ?? world.defaults.concurrency,
			};
			if (balance !== undefined) world.purse.set(balance);
			return settings();
		},
		addScript: (script) => world.scripts.add(script),
		listScripts: () => world.scripts.list(),
		clearScripts: () => world.scripts.clear(),
		changeBalance(change) {
			if ("set" in change) world.purse.set(change.set);
			else world.purse.add(change.add);
			return world.purse.balance;
		},
		setUsageLies(lies) {
			world.usageLies = usageLiesSchema.parse(lies);
			return world.usageLies;
		},
		ledger: (query = {}) => reportLedger(world, query),
		reset: () => world.reset(),
	};
}

function reportLedger(world: World, query: LedgerQuery): LedgerReport {
	const { task_id, prompt, after, limit } = query;
	const isNarrow = task_id !== undefined || prompt !== undefined;
	const posts = world.ledger.posts.filter(
		(post) =>
			(task_id === undefined || post.task_id === task_id) &&
			(prompt === undefined || post.prompt?.includes(prompt)) &&
			(after === undefined || post.n > after),
	);
	const newest = limit === undefined ? posts : posts.slice(-limit || Infinity);
	const ids = new Set(newest.map((post) => post.task_id));
	const callbacks = world.ledger.callbacks.filter(
		({ task_id: id }) =>
			(!isNarrow && after === undefined && limit === undefined) || ids.has(id),
	);
	return {
		posts: newest,
		callbacks,
		totals: {
			...world.ledger.totals,
			max_in_window: world.arrivals.most,
		},
	};
}
