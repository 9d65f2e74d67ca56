import type {
	createEndpointSchema,
	PatchEndpointBody,
} from "@reelay/shared/contracts/endpoint-api";
import { concurrencyOf } from "@reelay/shared/contracts/endpoint-api";
import {
	checkHeaders,
	maxEndpoints,
	suggestFilter,
} from "@reelay/shared/domain/endpoint";
import type { EndpointRecord } from "@reelay/shared/domain/endpoint-record";
import { eventTypes, takesAny } from "@reelay/shared/domain/event";
import type { Violation } from "@reelay/shared/domain/violation";
import type { Keyring } from "@reelay/shared/signing/keyring";
import { open, SealingError, seal } from "@reelay/shared/signing/sealing";
import {
	createWebhookSecret,
	isWebhookSecret,
} from "@reelay/shared/signing/standard-webhooks";
import type { Database } from "@reelay/shared/store/database";
import {
	findEndpoint,
	insertEndpoint,
	newEndpointId,
	updateEndpoint,
} from "@reelay/shared/store/endpoints";
import type { z } from "zod";
import { noSuch, problemFor } from "./problem.ts";
import type { UrlCheck } from "./validate-job.ts";

export type EndpointDeps = {
	db: Database;
	keyring: Keyring;
	checkWebhookUrl: UrlCheck;
};

/** Makes an endpoint; the secret is in the answer, and in no later one. */
export async function createEndpoint(
	{ db, keyring, checkWebhookUrl }: EndpointDeps,
	tenantId: string,
	body: z.infer<typeof createEndpointSchema>,
): Promise<{ endpoint: EndpointRecord; secret: string }> {
	refuse([
		...check(body, checkWebhookUrl),
		...checkSecret(body.secret),
		...checkOrder(body),
	]);
	const secret = body.secret ?? createWebhookSecret();
	const id = await newEndpointId(db);
	const endpoint = await insertEndpoint(db, {
		id,
		tenantId,
		url: body.url,
		description: body.description,
		events: body.events,
		sealedHeaders: sealHeaders(body.headers, keyring, id),
		scheduleS: body.schedule_s,
		ratePerS: body.rate_per_s,
		concurrency: concurrencyOf(body),
		ordered: body.ordered,
		disabled: body.disabled,
		sealedSecret: seal(secret, keyring, id),
	});
	if (endpoint !== null) return { endpoint, secret };
	throw problemFor("too_many_endpoints", {
		detail: `There may be ${maxEndpoints} endpoints; delete one first.`,
	});
}

/** Changes what the body names. */
export async function patchEndpoint(
	{ db, keyring, checkWebhookUrl }: EndpointDeps,
	{ tenantId, id }: { tenantId: string; id: string },
	body: PatchEndpointBody,
): Promise<EndpointRecord> {
	const before = await findEndpoint(db, tenantId, id);
	if (before === null) throw noSuch("endpoint");
	const ordered = body.ordered ?? before.ordered;
	refuse([
		...check(body, checkWebhookUrl),
		...checkOrder({ ordered, concurrency: body.concurrency }),
	]);
	const after = await updateEndpoint(
		db,
		{ tenantId, id },
		{
			url: body.url,
			description: body.description,
			events: body.events,
			sealedHeaders:
				body.headers === undefined
					? undefined
					: sealHeaders(body.headers, keyring, id),
			scheduleS: body.schedule_s,
			ratePerS: body.rate_per_s,
			concurrency: body.concurrency,
			ordered: body.ordered,
			disabled: body.disabled,
		},
	);
	if (after === null) throw noSuch("endpoint");
	return after;
}

/** The names of an endpoint's own headers; none when the key that they were sealed with is gone. */
export function headerNamesOf(
	{ id, sealed_headers }: EndpointRecord,
	keyring: Keyring,
): string[] {
	if (sealed_headers === null) return [];
	try {
		return Object.keys(JSON.parse(open(sealed_headers, keyring, id)));
	} catch (error) {
		if (error instanceof SealingError) return [];
		throw error;
	}
}

/** What is wrong with a secret that a customer brings. */
export function checkSecret(secret: string | undefined): Violation[] {
	if (secret === undefined || isWebhookSecret(secret)) return [];
	const message =
		"A secret is whsec_ and the base64 of 24 to 64 random bytes; leave it out and one is made.";
	return [{ pointer: "/secret", code: "invalid_secret", message }];
}

/** Throws all that is wrong at once. */
export function refuse(violations: Violation[]): void {
	if (violations.length === 0) return;
	throw problemFor("invalid_request", {
		detail: "The request has mistakes; each is listed in errors.",
		errors: violations,
	});
}

function check(body: PatchEndpointBody, checkUrl: UrlCheck): Violation[] {
	const message = body.url === undefined ? null : checkUrl(body.url);
	const url = { pointer: "/url", code: "invalid_url", message: message ?? "" };
	return [
		...(message === null ? [] : [url]),
		...(body.events ?? []).flatMap(checkFilter),
		...checkHeaders(body.headers ?? {}, "/headers"),
	];
}

function checkFilter(filter: string, index: number): Violation[] {
	if (takesAny(filter)) return [];
	const suggestion = suggestFilter(filter, eventTypes);
	const message = `No event is of this type; there is ${eventTypes.join(", ")}, and video.* or * for several.`;
	return [
		{
			pointer: `/events/${index}`,
			code: "unknown_event",
			message,
			...(suggestion === null ? {} : { suggestion }),
		},
	];
}

/** Two at once would have no order. */
function checkOrder(body: {
	ordered: boolean;
	concurrency?: number | undefined;
}): Violation[] {
	if (!body.ordered || (body.concurrency ?? 1) === 1) return [];
	const message = "An ordered endpoint has a concurrency of 1; leave it out.";
	return [{ pointer: "/concurrency", code: "invalid_value", message }];
}

function sealHeaders(
	headers: Record<string, string>,
	keyring: Keyring,
	endpointId: string,
): string | null {
	if (Object.keys(headers).length === 0) return null;
	return seal(JSON.stringify(headers), keyring, endpointId);
}
