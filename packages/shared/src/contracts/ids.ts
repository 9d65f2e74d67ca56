import { z } from "zod";
import { type IdKind, idPattern, idPrefixes } from "../domain/id-form.ts";

/** Ids as they are shown in documents and examples; a test puts those of real rows in their places. */
export const exampleIds = {
	job: "job_01m81da3wat7vbrpzd5c1pyvkg",
	batch: "bat_01m81da3vr5k2m9p8h4d6f1xsc",
	submission: "sub_01m81da3x4f2q9c6t8e1r7w5zh",
	event: "evt_01m81da6k2n8v4b7m3x9s5d1qe",
	delivery: "dlv_01m81da6k7h3j6g9f2d5s8a4wr",
	endpoint: "ep_01m81d8z5c9v2x7b4n6m3k1htf",
	replay: "rpl_01m81e1q4w8e6r2t5y7h9j3kbn",
	secret: "sec_01m81d8z5p3k7h2g9f6d4s1axc",
	key: "key_01m81d7y2b6n4m8v3c5x1z9qws",
	tenant: "ten_01m81d7xq9w3e5r7t2y6h4jabp",
} as const satisfies Record<IdKind, string>;

/** An id of this kind, in a path, a query, a body or an answer. */
export function idSchema(kind: IdKind) {
	return z
		.string()
		.regex(idPattern(kind))
		.meta({
			title: `${idPrefixes[kind]}_…`,
			description: `The id of ${kind === "event" || kind === "endpoint" ? "an" : "a"} ${kind}; ids of one kind sort by the time they were made.`,
		});
}

/** A callback as documents and examples show it: callbacks are counted. */
export const exampleCallbackId = "cb_000009999999";

/** The id of a callback. */
export const callbackIdSchema = z
	.string()
	.regex(/^cb_\d{12,18}$/)
	.meta({
		title: "cb_…",
		description: "The id of a callback; ids sort as their callbacks came.",
	});

/** An instant as the API writes it: in UTC, to the millisecond. */
export const instant = z.iso.datetime({ precision: 3 });
