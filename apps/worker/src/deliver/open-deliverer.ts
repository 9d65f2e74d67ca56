import type { LookupFunction } from "node:net";
import { isPublicAddress } from "@reelay/shared/runtime/address";
import { systemClock } from "@reelay/shared/runtime/clock";
import { postOnce } from "@reelay/shared/runtime/http-post";
import type { Logger } from "@reelay/shared/runtime/logger";
import { createOutboundAgent } from "@reelay/shared/runtime/outbound";
import type { Racepoint } from "@reelay/shared/runtime/racepoint";
import { createAttemptRecorder } from "@reelay/shared/store/attempts-together";
import type { Database } from "@reelay/shared/store/database";
import {
	claimDueDeliveries,
	returnUnheardDeliveries,
} from "@reelay/shared/store/deliveries";
import { LRUCache } from "lru-cache";
import { createClaimNames } from "../claim-names.ts";
import type { WorkerConfig } from "../config.ts";
import { type DeliverEventDeps, deliverEvent } from "./deliver-event.ts";
import { createDeliverer, type Deliverer } from "./deliverer.ts";
import { createHeaderOpener } from "./open-headers.ts";
import { retryGivenUp } from "./retry-given-up.ts";
import { createSecretCache } from "./secret-cache.ts";

export type OpenDelivererDeps = {
	config: WorkerConfig;
	workerId: string;
	db: Database;
	logger: Logger;
	onAttempt: (outcome: string) => void;
	/** Nothing in production; where a test stops the process. */
	racepoint?: Racepoint | undefined;
	/** The system's own in production. */
	lookup?: LookupFunction | undefined;
};

// What customers are promised: the whole exchange within 15 s, 64 kB read at most, 4 kB of it kept for the log.
const attemptTimeoutMs = 15_000;
const maxResponseBytes = 64 * 1024;
const keptResponseBytes = 4 * 1024;

/** Wires the delivering half of a worker: the guarded connector, the tenants' secrets, and the claiming loop. */
export function openDeliverer(deps: OpenDelivererDeps): Deliverer {
	const { config, db, logger, workerId } = deps;
	const outbound = createOutboundAgent({
		allowCidrs: config.OUTBOUND_ALLOW_CIDRS,
		onAllowedPrivate: (use) => logger.debug(use, "outbound.allowedPrivate"),
		...(deps.lookup === undefined ? {} : { lookup: deps.lookup }),
	});
	const secrets = createSecretCache(db, config.ENCRYPTION_KEYS);
	const recordAttempt = createAttemptRecorder(db);
	// The same few addresses answer again and again, and what an address is does not change.
	const publicity = new LRUCache<string, boolean>({
		max: 1_000,
		memoMethod: isPublicAddress,
	});
	const attempt: DeliverEventDeps = {
		secrets: (owner) => retryGivenUp(() => secrets(owner)),
		openHeaders: createHeaderOpener(config.ENCRYPTION_KEYS, logger),
		record: (record) => {
			deps.onAttempt(record.outcome);
			return retryGivenUp(() => recordAttempt(record));
		},
		mayShow: (address) => address !== null && publicity.memo(address),
		post: (request) =>
			postOnce({
				dispatcher: outbound,
				timeoutMs: attemptTimeoutMs,
				maxResponseBytes,
				keepBytes: keptResponseBytes,
				...request,
			}),
		clock: systemClock,
		random: Math.random,
		logger,
		racepoint: deps.racepoint,
	};
	const claims = createClaimNames({
		workerId,
		giveBack: (owners) => returnUnheardDeliveries(db, owners),
		clock: systemClock,
		logger,
	});
	const deliverer = createDeliverer({
		claim: (limit) =>
			claims.claim((owner) => claimDueDeliveries(db, owner, limit)),
		deliver: (delivery) => deliverEvent(attempt, delivery),
		logger,
		maxInFlight: config.DELIVER_CONCURRENCY,
	});
	return {
		...deliverer,
		async stop() {
			await deliverer.stop();
			// If this fails too, the leases run out.
			await claims.giveBackUnheard().catch(() => {});
			await outbound.destroy();
		},
	};
}
