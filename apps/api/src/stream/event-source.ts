import { presentEvent } from "@reelay/shared/contracts/delivery-view";
import type { EventRecord } from "@reelay/shared/domain/delivery-record";
import type { Database } from "@reelay/shared/store/database";
import { type FeedRow, listFeeds } from "@reelay/shared/store/event-feed";
import type { News, Source } from "./source.ts";
import { messageOf } from "./sse.ts";

/** The feeds of tenants; the key is the tenant's id. */
export function eventSource(db: Database): Source<FeedRow> {
	return {
		kind: "events",
		async read({ readers, types, limit }) {
			const { rows, end } = await listFeeds(db, {
				readers: readers.map(({ key, after }) => ({ tenantId: key, after })),
				types,
				limit,
			});
			const news = new Map<string, News<FeedRow>>(
				readers.map(({ key }) => [
					key,
					{ rows: [], upTo: end, hasMore: false, hasGap: false },
				]),
			);
			for (const row of rows) news.get(row.tenant_id)?.rows.push(row);
			for (const one of news.values()) {
				one.hasGap = one.rows[0]?.has_gap === true;
				const last = one.rows.at(-1);
				if (last === undefined || one.rows.length < limit) continue;
				one.upTo = { position: last.position, id: last.id };
				one.hasMore = true;
			}
			return news;
		},
		present: ({ position, id, type, event }) => ({
			place: { position, id },
			type,
			bytes: event === null ? null : eventMessage(event),
			lastWords: null,
		}),
	};
}

function eventMessage(event: EventRecord): Buffer {
	return messageOf({
		id: event.id,
		event: event.type,
		data: presentEvent(event),
	});
}
