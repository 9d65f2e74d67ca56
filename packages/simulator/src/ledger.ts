import type { CallbackShape } from "./callback-shapes.ts";
import type { FaultName } from "./faults.ts";
import type { Malformed } from "./malformed.ts";

/** One POST to an action, whatever became of it. Written in place as it goes on. */
export type PostEntry = {
	n: number;
	received_at: string;
	action: string;
	authorized: boolean;
	task_id: string | null;
	prompt: string | null;
	/** As sent; a body of more than 16 kB is {omitted_bytes}. */
	body: unknown;
	callback_url: string | null;
	/** Of the answer; null while there is none, and for hang and reset. */
	status: number | null;
	/** A task was started. */
	accepted: boolean;
	/** Points were taken from the balance: the task has succeeded. */
	charged: boolean;
	points: number;
	outcome: "success" | "fail" | null;
	ended_at: string | null;
	answered_at: string | null;
	/** The first 300 characters sent, or the name of what the socket suffered. */
	answer: string | null;
	/** The client left before its answer was complete. */
	client_gone: boolean;
	/** Tasks that were rendering when this POST arrived. */
	concurrent_at_arrival: number;
	fault: FaultName | null;
};

/** One try of one callback. */
export type CallbackEntry = {
	n: number;
	task_id: string;
	url: string;
	sent_at: string;
	/** "success", "fail", or the progress word. */
	kind: string;
	shape: CallbackShape;
	malformed: Malformed | null;
	copy: number;
	attempt: number;
	bytes: number;
	status: number | null;
	error: string | null;
	answered_at: string | null;
};

export type LedgerTotals = {
	posts: number;
	unauthorized_posts: number;
	accepted_posts: number;
	charged_posts: number;
	charged_points: number;
	callbacks_sent: number;
	callbacks_answered_2xx: number;
	max_concurrent: number;
	max_open_posts: number;
	forgotten_posts: number;
	forgotten_callbacks: number;
};

/** Entries kept of each kind; totals go on counting when the oldest are forgotten. */
export const ledgerBound = { posts: 100_000, callbacks: 200_000 };

const noTotals: LedgerTotals = {
	posts: 0,
	unauthorized_posts: 0,
	accepted_posts: 0,
	charged_posts: 0,
	charged_points: 0,
	callbacks_sent: 0,
	callbacks_answered_2xx: 0,
	max_concurrent: 0,
	max_open_posts: 0,
	forgotten_posts: 0,
	forgotten_callbacks: 0,
};

/** The truth about what was received, taken, paid and called back. */
export class Ledger {
	readonly #bound: { posts: number; callbacks: number };
	#posts: PostEntry[] = [];
	#callbacks: CallbackEntry[] = [];
	#totals = { ...noTotals };

	constructor(bound = ledgerBound) {
		this.#bound = bound;
	}

	openPost(
		seen: Pick<PostEntry, "action" | "authorized" | "concurrent_at_arrival">,
	): PostEntry {
		this.#totals.posts += 1;
		if (!seen.authorized) this.#totals.unauthorized_posts += 1;
		const post: PostEntry = {
			n: this.#totals.posts,
			received_at: new Date().toISOString(),
			...seen,
			...{ task_id: null, prompt: null, body: null, callback_url: null },
			...{ status: null, accepted: false, charged: false, points: 0 },
			...{ outcome: null, ended_at: null, answered_at: null, answer: null },
			...{ client_gone: false, fault: null },
		};
		this.#posts.push(post);
		this.#totals.forgotten_posts += forget(this.#posts, this.#bound.posts);
		return post;
	}

	acceptPost(post: PostEntry, taskId: string, points: number): void {
		post.accepted = true;
		post.task_id = taskId;
		post.points = points;
		this.#totals.accepted_posts += 1;
	}

	settlePost(post: PostEntry, outcome: "success" | "fail"): void {
		post.outcome = outcome;
		post.ended_at = new Date().toISOString();
		if (outcome === "fail") return;
		post.charged = true;
		this.#totals.charged_posts += 1;
		this.#totals.charged_points += post.points;
	}

	openCallback(
		sent: Omit<
			CallbackEntry,
			"n" | "sent_at" | "status" | "error" | "answered_at"
		>,
	): CallbackEntry {
		this.#totals.callbacks_sent += 1;
		const entry: CallbackEntry = {
			n: this.#totals.callbacks_sent,
			...sent,
			sent_at: new Date().toISOString(),
			...{ status: null, error: null, answered_at: null },
		};
		this.#callbacks.push(entry);
		this.#totals.forgotten_callbacks += forget(
			this.#callbacks,
			this.#bound.callbacks,
		);
		return entry;
	}

	answerCallback(
		entry: CallbackEntry,
		end: { status: number } | { error: string },
	): void {
		entry.answered_at = new Date().toISOString();
		if ("error" in end) {
			entry.error = end.error;
			return;
		}
		entry.status = end.status;
		if (isSuccess(end.status)) this.#totals.callbacks_answered_2xx += 1;
	}

	noteConcurrency(running: number): void {
		const { max_concurrent } = this.#totals;
		this.#totals.max_concurrent = Math.max(max_concurrent, running);
	}

	noteOpenPosts(open: number): void {
		const { max_open_posts } = this.#totals;
		this.#totals.max_open_posts = Math.max(max_open_posts, open);
	}

	get posts(): readonly PostEntry[] {
		return this.#posts;
	}

	get callbacks(): readonly CallbackEntry[] {
		return this.#callbacks;
	}

	get totals(): LedgerTotals {
		return { ...this.#totals };
	}

	clear(): void {
		this.#posts = [];
		this.#callbacks = [];
		this.#totals = { ...noTotals };
	}
}

export function isSuccess(status: number): boolean {
	return status >= 200 && status < 300;
}

/** Drops the oldest tenth at once: a shift for each new entry would be slow. */
function forget(entries: unknown[], bound: number): number {
	if (entries.length <= bound) return 0;
	return entries.splice(0, Math.max(1, Math.floor(bound / 10))).length;
}
