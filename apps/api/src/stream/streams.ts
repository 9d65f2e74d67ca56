/**
 * The open event streams of this process: who may open one, what they cost at most, and how they end. What they show
 * comes from one tail for each kind, however many there are.
 */
import type { Logger } from "@reelay/shared/runtime/logger";
import type { Metrics } from "@reelay/shared/runtime/metrics";
import type { Database } from "@reelay/shared/store/database";
import type { ApiKeyOwner } from "@reelay/shared/store/keys";
import type { Response } from "express";
import pLimit from "p-limit";
import { type AdmissionLimits, createAdmission } from "./admission.ts";
import {
	type Connection,
	type ConnectionLimits,
	openConnection,
} from "./connection.ts";
import { eventSource } from "./event-source.ts";
import { type Following, follow } from "./follow.ts";
import { watchKeys } from "./key-watch.ts";
import { createReadHealth } from "./read-health.ts";
import type { Source } from "./source.ts";
import { commentOf, openingOf } from "./sse.ts";
import { createTail, type Tail } from "./tail.ts";
import { behindEntry, timelineSource } from "./timeline-source.ts";
import { waitForEnd } from "./wait.ts";

export type StreamKind = Source<unknown>["kind"];

/** How fast streams are; a test makes them faster. */
export type StreamPace = ConnectionLimits & {
	/** Between two looks for what is new. */
	pollMs: number;
	/** How long after its revocation a key's streams may stay open. */
	keyCheckMs: number;
};

export type StreamsDeps = {
	reads: Database;
	logger: Logger;
	metrics: Metrics;
	limits: AdmissionLimits;
	pace?: Partial<StreamPace>;
};

/** A stream that is asked for. */
export type StreamRequest = {
	kind: StreamKind;
	owner: ApiKeyOwner;
	/** Finds what to show, or throws the problem that is answered instead; null when it has answered itself. */
	prepare(): Promise<PreparedStream | null>;
};

/** What to show, and what a client is told to resume behind before anything has come. */
export type PreparedStream = Following & { resumeId: string | null };

/** Somebody who waits for a job to end, and has read its timeline up to an entry. */
export type EndWait = {
	tenantId: string;
	jobId: string;
	entryId: bigint;
	waitMs: number;
};

export type Streams = {
	/** Answers with a stream, or throws before the first byte. It settles when the stream has begun. */
	open(res: Response, request: StreamRequest): Promise<void>;
	/**
	 * Waits until the job has ended, its client has gone, or the time is over. Counts as an open stream; false, at once, where
	 * no more of them may be open.
	 */
	untilEnd(res: Response, wait: EndWait): Promise<boolean>;
	/** How many of a tenant are open, with those who wait. */
	countOf(tenantId: string): number;
	/** Ends every stream, so that clients go to another process, and opens no more. */
	close(): void;
};

const usualPace: StreamPace = {
	// Proxies close what is silent for 30 or 60 s.
	heartbeatMs: 15_000,
	drainMs: 30_000,
	maxBytes: 256 * 1024,
	maxMessages: 1_000,
	pollMs: 300,
	keyCheckMs: 5_000,
};
// Of the five connections for reads, the most that streams take to catch up.
const catchingUp = 2;
// Those who read have what there is by then, and those who do not must not hold up the stop.
const farewellMs = 2_000;
const farewell = commentOf("the server is stopping, connect again");

export function createStreams(deps: StreamsDeps): Streams {
	const { logger, metrics } = deps;
	const pace = { ...usualPace, ...deps.pace };
	const admission = createAdmission(deps.limits);
	const open = new Map<Connection, ApiKeyOwner>();
	const { followers, timeline, keys, stop } = createReaders(deps, pace, open);
	const openStreams = metrics.gauge(
		"streams_open",
		"Event streams that are open, by what they show.",
		["kind"],
	);
	for (const kind of ["events", "timeline"]) openStreams.set({ kind }, 0);
	const cuts = metrics.counter(
		"streams_cut_total",
		"Event streams that were cut off, by reason.",
		["reason"],
	);
	const begin = (
		res: Response,
		{ kind, owner }: StreamRequest,
		following: PreparedStream,
	) => {
		const connection = openConnection(res, {
			...pace,
			opening: openingOf(aRetryMs(), following.resumeId),
			onSlow: () => cuts.inc({ reason: "slow" }),
		});
		open.set(connection, owner);
		openStreams.inc({ kind });
		res.on("close", () => {
			open.delete(connection);
			openStreams.dec({ kind });
		});
		keys.wake();
		followers[kind](connection, following).catch((error: unknown) => {
			logger.error({ err: error, kind, key: following.key }, "stream.failed");
			cuts.inc({ reason: "failed" });
			connection.cut();
		});
	};
	return {
		async open(res, request) {
			// Gone while its key was looked up: its end has been told already.
			if (res.destroyed) return;
			const release = admission.admit(request.owner.tenantId);
			res.on("close", release);
			const following = await request.prepare();
			if (following !== null && !res.destroyed) begin(res, request, following);
		},
		async untilEnd(res, { tenantId, jobId, entryId, waitMs }) {
			const release = admission.tryAdmit(tenantId);
			if (release === null) return false;
			const over = new AbortController();
			const end = () => over.abort();
			const timer = setTimeout(end, waitMs);
			res.on("close", end);
			const from = behindEntry(entryId);
			await waitForEnd(timeline, { jobId, from }, over.signal);
			clearTimeout(timer);
			res.off("close", end);
			release();
			return true;
		},
		countOf: admission.countOf,
		close() {
			admission.close();
			for (const connection of open.keys()) {
				connection.end(farewell, farewellMs);
			}
			stop();
		},
	};
}

/** Everything that asks the database for the open streams: a tail for each kind, those who catch up, and their keys. */
function createReaders(
	{ reads, logger, metrics }: StreamsDeps,
	{ pollMs, keyCheckMs }: StreamPace,
	open: ReadonlyMap<Connection, ApiKeyOwner>,
) {
	const countOpen = () => open.size;
	const health = createReadHealth({ logger, metrics, countOpen });
	const turns = pLimit(catchingUp);
	const tails: Tail[] = [];
	const follower = <Row>(source: Source<Row>) => {
		const ownHealth = health(source.kind);
		const tail = createTail(source, { everyMs: pollMs, health: ownHealth });
		tails.push(tail);
		const followDeps = { source, tail, turns, health: ownHealth };
		const begin = (connection: Connection, following: Following) =>
			follow(followDeps, connection, following);
		return { tail, begin };
	};
	const events = follower(eventSource(reads));
	const timeline = follower(timelineSource(reads));
	const keys = watchKeys(
		{ db: reads, health: health("keys"), everyMs: keyCheckMs },
		open,
	);
	return {
		followers: { events: events.begin, timeline: timeline.begin },
		timeline: timeline.tail,
		keys,
		stop() {
			keys.stop();
			for (const tail of tails) tail.stop();
		},
	};
}

/** Not all at the same moment: whoever was cut off together would come back together. */
function aRetryMs(): number {
	return 1_000 + Math.floor(Math.random() * 2_000);
}
