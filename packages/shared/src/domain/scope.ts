/** What an API key may do, and what each scope opens. */
export const scopes = {
	"jobs:write": "Create, retry, cancel and erase jobs, alone and in batches.",
	"jobs:read": "Read jobs, batches, timelines, usage and the feed of events.",
	webhooks: "Endpoints, their secrets, deliveries and replays.",
	admin:
		"The keys and budgets of the own tenant, its audit log, and jobs whose outcome nobody knows.",
	operator:
		"The tenants of the whole installation, and a key for each; their jobs stay closed.",
} as const;
export type Scope = keyof typeof scopes;
export const allScopes = Object.keys(scopes) as readonly Scope[];

/** The scopes that somebody wants to give and does not have: none, or a key could make itself a mightier one. */
export function scopesBeyond(
	wanted: readonly string[],
	own: readonly string[],
): string[] {
	return wanted.filter((scope) => !own.includes(scope));
}

/**
 * Whether somebody with these scopes may change or end a key with those. A tenant's admin may do so with all of the
 * tenant's keys but an operator's, since whoever can end the last of those locks the operators out.
 */
export function mayChangeKey(
	scopesOfKey: readonly string[],
	own: readonly string[],
): boolean {
	return !scopesOfKey.includes("operator") || own.includes("operator");
}
