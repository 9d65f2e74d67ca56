import { z } from "zod";
import type { AuditRecord } from "../domain/audit-record.ts";
import { instant } from "./ids.ts";

/** One line of the audit log. */
export const auditEntrySchema = z
	.strictObject({
		id: z.string().meta({ description: "Lines are counted." }),
		at: instant,
		actor: z.string().meta({
			description:
				"The id of the key that asked for it, or the name of a command or a process.",
		}),
		action: z.string(),
		target: z.string().meta({ description: "The id of what it was done to." }),
		data: z.unknown().meta({
			description: "What was asked for; it never holds a key or a secret.",
		}),
	})
	.meta({ id: "AuditEntry" });
export type AuditEntryView = z.infer<typeof auditEntrySchema>;

/** A line of the audit log as the API shows it. */
export function presentAuditEntry(entry: AuditRecord): AuditEntryView {
	return {
		id: String(entry.id),
		at: entry.at.toISOString(),
		actor: entry.actor,
		action: entry.action,
		target: entry.target,
		data: entry.data,
	};
}
