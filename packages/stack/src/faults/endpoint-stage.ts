import { createWebhookSecret } from "@reelay/shared/signing/standard-webhooks";
import {
	type EventReceiver,
	startEventReceiver,
} from "../journeys/event-receiver.ts";
import type { FaultStage } from "./stage.ts";

export type StagedEndpoint = { id: string; receiver: EventReceiver };

/** An endpoint that hears of every job, made through the API, with a receiver that verifies what it gets by its secret. */
export async function aStagedEndpoint(
	stage: FaultStage,
	settings: Record<string, unknown> = {},
): Promise<StagedEndpoint> {
	const secret = createWebhookSecret();
	const receiver = await startEventReceiver(secret);
	const id = await registerEndpoint(stage, {
		...settings,
		url: receiver.url,
		secret,
	});
	return { id, receiver };
}

/** Makes an endpoint of these settings and returns its id. */
export async function registerEndpoint(
	{ api }: FaultStage,
	body: Record<string, unknown>,
): Promise<string> {
	const answer = await api("/v1/endpoints", { body });
	if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
	return answer.body.id;
}

/** Events that ended long ago, and of which only this endpoint was not told: each is due. */
export async function oweToEndpoint(
	{ sql }: FaultStage,
	{ endpointId, count }: { endpointId: string; count: number },
): Promise<void> {
	await sql(
		`with event_born as (
			insert into event (id, tenant_id, type, snapshot)
			select new_id('evt'), tenant_id, 'video.expired', '{"a": "backlog"}' from endpoint, generate_series(1, $2::int)
			where endpoint.id = $1 returning id, tenant_id)
		insert into delivery (id, event_id, tenant_id, endpoint_id, url, lane)
		select new_id('dlv'), event_born.id, event_born.tenant_id, endpoint.id, endpoint.url, endpoint.id
		from event_born, endpoint where endpoint.id = $1`,
		[endpointId, count],
	);
}
