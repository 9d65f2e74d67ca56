import type { Me, Readiness } from "./generated/api.ts";
import { type Batches, createBatches } from "./resources/batches.ts";
import { type Callbacks, createCallbacks } from "./resources/callbacks.ts";
import { createDeliveries, type Deliveries } from "./resources/deliveries.ts";
import { createEndpoints, type Endpoints } from "./resources/endpoints.ts";
import { createEvents, type Events } from "./resources/events.ts";
import { createJobs, type Jobs } from "./resources/jobs.ts";
import { createAudit, createKeys, type Keys } from "./resources/keys.ts";
import { type Budgets, createBudgets, createUsage } from "./resources/money.ts";
import { createReplays, type Replays } from "./resources/replays.ts";
import { createTenants, type Tenants } from "./resources/tenants.ts";
import {
	createTransport,
	type RequestOptions,
	type Transport,
} from "./transport/transport.ts";

export type ReelayOptions = {
	/** As you were given it; it is sent as it is, and shown nowhere. */
	apiKey: string;
	/** Where the API is, such as `https://reelay.example.com`. */
	baseUrl: string;
	/** For each try of a request; 30 s if left out. */
	timeoutMs?: number | undefined;
	/** How often what is safe to repeat is sent again; 4 times if left out. */
	maxRetries?: number | undefined;
	/** What sends requests; the one of Node if left out. */
	fetch?: typeof globalThis.fetch | undefined;
};

const defaultTimeoutMs = 30_000;
const defaultMaxRetries = 4;

/** The API of one Reelay, with one key. It reads no environment, holds no connection, and may be shared. */
export class Reelay {
	readonly jobs: Jobs;
	readonly events: Events;
	readonly endpoints: Endpoints;
	readonly deliveries: Deliveries;
	readonly replays: Replays;
	readonly callbacks: Callbacks;
	readonly batches: Batches;
	readonly keys: Keys;
	readonly tenants: Tenants;
	readonly budgets: Budgets;
	/** What jobs have cost, by day, mode, tag, state or key. */
	readonly usage: ReturnType<typeof createUsage>;
	/** Who did what to which. */
	readonly audit: ReturnType<typeof createAudit>;
	readonly #transport: Transport;

	constructor(options: ReelayOptions) {
		const transport = createTransport({
			apiKey: checkKey(options.apiKey),
			baseUrl: checkBaseUrl(options.baseUrl),
			timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
			maxRetries: options.maxRetries ?? defaultMaxRetries,
			fetch: options.fetch ?? ((...args) => globalThis.fetch(...args)),
		});
		this.#transport = transport;
		this.jobs = createJobs(transport);
		this.events = createEvents(transport);
		this.endpoints = createEndpoints(transport);
		this.deliveries = createDeliveries(transport);
		this.replays = createReplays(transport);
		this.callbacks = createCallbacks(transport);
		this.batches = createBatches(transport);
		this.keys = createKeys(transport);
		this.tenants = createTenants(transport);
		this.budgets = createBudgets(transport);
		this.usage = createUsage(transport);
		this.audit = createAudit(transport);
	}

	/** Whose key this is, what it may do, and until when. */
	async me(options?: RequestOptions): Promise<Me> {
		return (await this.#transport.call("getMe", {}, options)).body;
	}

	/** Whether the API can serve. Rejects with an `unexpected_answer` of the status 503 while it cannot. */
	async ready(options?: RequestOptions): Promise<Readiness> {
		return (await this.#transport.call("getReadiness", {}, options)).body;
	}
}

/** A header takes no other characters, and the error that Node would throw repeats them. */
function checkKey(apiKey: unknown): string {
	if (typeof apiKey !== "string" || apiKey === "") {
		throw new TypeError(
			"apiKey is missing: is the environment variable set that it is read from?",
		);
	}
	if (!/^[\x21-\x7e]+$/.test(apiKey)) {
		throw new TypeError(
			"apiKey has a space, a line break or another character that no key has: copy it again, whole.",
		);
	}
	return apiKey;
}

function checkBaseUrl(baseUrl: unknown): string {
	const isUrl = typeof baseUrl === "string" && URL.canParse(baseUrl);
	const url = isUrl ? new URL(baseUrl) : null;
	if (url === null || !/^https?:$/.test(url.protocol)) {
		throw new TypeError(
			"baseUrl must be where the API is, such as https://reelay.example.com.",
		);
	}
	if (url.username !== "" || url.password !== "" || url.search !== "") {
		throw new TypeError(
			"baseUrl must be without a user, a password and a query.",
		);
	}
	return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}
