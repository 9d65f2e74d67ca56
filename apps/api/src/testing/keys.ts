/** API keys as the routes make them, and those who ask for them. */
import { aTenant } from "@reelay/shared/testing/factories";
import { allScopes } from "../middleware/authenticate.ts";
import type { ApiStage } from "./stage.ts";

export const reader = { name: "shop", scopes: ["jobs:read"] };
export const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

/** Makes a key by the route and gives its answer, in which the key is shown. */
export async function makeKey(
	stage: ApiStage,
	body: Record<string, unknown> = reader,
	key?: string,
) {
	const answer = await stage.request("/v1/keys", {
		body,
		...(key === undefined ? {} : { key }),
	});
	if (answer.status !== 201) throw new Error(answer.text);
	return answer.json;
}

/** An admin of a tenant of its own, so that what a test ends is nobody else's. */
export async function anAdmin(stage: ApiStage, scopes = allScopes) {
	const key = await stage.aKey(await aTenant(stage.store), scopes);
	const { json } = await stage.request("/v1/me", { key });
	return { key, id: json.key.id as string, tenantId: json.tenant.id as string };
}
