import { z } from "zod";
import type { Ledger, PostEntry } from "./ledger.ts";

/** One line of the account: a task that was paid for. */
export type UsageItem = {
	id: string;
	action: string;
	task_id?: string | null;
	cost_points: number;
	created_at: string;
};

const points = z.number().int();

/** What GET /api/v1/usage says that is not so. Absent fields lie about nothing. */
export const usageLiesSchema = z
	.strictObject({
		invent: z
			.array(
				z.strictObject({
					cost_points: points,
					task_id: z.string().nullable().default(null),
					at: z.iso
						.datetime()
						.default(() => new Date().toISOString())
						.describe("now, if it is not said"),
				}),
			)
			.describe("lines of no task: a spend without a job"),
		hide: z
			.array(z.string())
			.describe("ids of tasks that have no line: a job without a spend"),
		reprice: z
			.record(z.string(), points)
			.describe("other points for these tasks"),
		without_task_ids: z.boolean().describe("no line names its task"),
		shape: z
			.enum(["items", "data_list", "bare", "aggregate"])
			.describe(
				"items: a page with a total; data_list: an envelope, in other words and epoch seconds; bare: everything as one array; aggregate: sums by action alone",
			),
		ignore_paging: z.boolean().describe("every page is the first"),
	})
	.partial();

export type UsageLies = z.output<typeof usageLiesSchema>;

export const usageQuerySchema = z.object({
	action: z.string().optional(),
	from: z.iso.datetime({ offset: true }).or(z.iso.date()).optional(),
	to: z.iso.datetime({ offset: true }).or(z.iso.date()).optional(),
	page: z.coerce.number().int().min(1).default(1),
	page_size: z.coerce.number().int().min(1).max(200).default(50),
});
type UsageQuery = z.output<typeof usageQuerySchema>;

/** What was paid for, newest first, as the lies have it. */
function listItems(ledger: Ledger, lies: UsageLies): UsageItem[] {
	const hidden = new Set(lies.hide);
	const told = ledger.posts
		.filter((post) => post.charged && !hidden.has(post.task_id ?? ""))
		.map((post) => itemOf(post, lies.reprice ?? {}));
	const invented = (lies.invent ?? []).map(
		(one, n): UsageItem => ({
			id: `invented-${n + 1}`,
			action: "see2ai_video_generation_kling_3_0_v1",
			task_id: one.task_id,
			cost_points: one.cost_points,
			created_at: one.at,
		}),
	);
	return [...told, ...invented].sort((one, other) =>
		other.created_at.localeCompare(one.created_at),
	);
}

function itemOf(post: PostEntry, prices: Record<string, number>): UsageItem {
	return {
		id: `usage-${post.n}`,
		action: post.action,
		task_id: post.task_id,
		cost_points: prices[post.task_id ?? ""] ?? post.points,
		created_at: post.ended_at ?? post.received_at,
	};
}

function isAsked(item: UsageItem, { action, from, to }: UsageQuery): boolean {
	const at = Date.parse(item.created_at);
	return (
		(action === undefined || item.action === action) &&
		(from === undefined || at >= Date.parse(from)) &&
		(to === undefined || at < Date.parse(to))
	);
}

/** The body of GET /api/v1/usage. Its fields are unpublished, so a client has to be ready for each of these shapes. */
export function answerUsage(
	ledger: Ledger,
	lies: UsageLies,
	query: UsageQuery,
): unknown {
	const all = listItems(ledger, lies)
		.filter((item) => isAsked(item, query))
		.map(({ task_id, ...item }) =>
			lies.without_task_ids ? item : { ...item, task_id },
		);
	const page = lies.ignore_paging ? 1 : query.page;
	const first = (page - 1) * query.page_size;
	const items = all.slice(first, first + query.page_size);
	const sum = all.reduce((total, item) => total + item.cost_points, 0);
	switch (lies.shape ?? "items") {
		case "items":
			return { items, total: all.length, page, page_size: query.page_size };
		case "data_list":
			return {
				code: 200,
				msg: "success",
				data: {
					list: (items as UsageItem[]).map((item) => ({
						actionName: item.action,
						...(item.task_id === undefined ? {} : { taskId: item.task_id }),
						consumeCredits: String(item.cost_points),
						createTime: Math.floor(Date.parse(item.created_at) / 1000),
					})),
					hasMore: first + items.length < all.length,
				},
			};
		case "bare":
			return all;
		case "aggregate":
			return {
				items: [...new Set(all.map(({ action }) => action))].map((action) => {
					const own = all.filter((item) => item.action === action);
					const points = own.reduce((total, one) => total + one.cost_points, 0);
					return { action, requests: own.length, points };
				}),
				total: { points: sum },
			};
	}
}
