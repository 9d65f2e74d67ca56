/** What an API key may do, and what each scope opens. */
export const scopes = {
	"jobs:write": "Create and cancel jobs.",
	"jobs:read": "Read jobs, their timelines and the feed of events.",
	webhooks: "Endpoints, their secrets, deliveries and replays.",
	admin: "Resolve jobs whose outcome nobody knows.",
} as const;
export type Scope = keyof typeof scopes;
export const allScopes = Object.keys(scopes) as readonly Scope[];
