import type {
	Event,
	EventFeed,
	EventType,
	EventWithDeliveries,
	Operations,
} from "../generated/api.ts";
import { type Paged, pagedByPlace } from "../paged.ts";
import { type FollowOptions, follow } from "../transport/follow.ts";
import type { RequestOptions, Transport } from "../transport/transport.ts";

export type ListEvents = Operations["listEvents"]["query"];

/** What `reelay.events` can do. */
export type Events = ReturnType<typeof createEvents>;

/** The routes of /v1/events and /v1/event-types. */
export function createEvents(transport: Transport) {
	return {
		/** What was told, oldest first: from the beginning, or behind the event `after`. */
		list(
			query: ListEvents = {},
			options?: RequestOptions,
		): Paged<Event, EventFeed> {
			return pagedByPlace<Event, ListEvents>(query, async (asked) => {
				const answer = await transport.call(
					"listEvents",
					{ query: asked },
					options,
				);
				return answer.body;
			});
		},

		/** The same, and what is told from then on, without an end; `after: "now"` begins with the present. */
		stream({
			after,
			types,
			...options
		}: FollowOptions &
			Pick<ListEvents, "after" | "types"> = {}): AsyncGenerator<Event, void> {
			const input = { query: { after, types }, ...options };
			return follow<Event, "listEvents">(transport, "listEvents", input);
		},

		/** One event, and every delivery that is owed for it. */
		async get(
			id: string,
			options?: RequestOptions,
		): Promise<EventWithDeliveries> {
			return (await transport.call("getEvent", { path: { id } }, options)).body;
		},

		/** Every type of event with its JSON Schema. */
		async types(options?: RequestOptions): Promise<EventType[]> {
			return (await transport.call("listEventTypes", {}, options)).body.data;
		},
	};
}
