import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@reelay/shared/testing/eventually";
import type { LookupAnswers } from "@reelay/shared/testing/lookup";
import { type Receiver, startReceiver } from "@reelay/shared/testing/receiver";
import { expect } from "vitest";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import { patience } from "./crash-stage.ts";
import { type FaultStage, openFaultStage } from "./stage.ts";

// Nothing here concerns the bell, so one engine shows as much as two.
export const bell = "postgres";

/** The one address that deliveries may reach, and one beside it that they may not. */
export const addresses = { open: "127.0.0.1", closed: "127.0.0.9" };

/** A cloud's own service for its machines, which hands out their keys. */
export const metadata = "169.254.169.254";

export type SsrfStage = FaultStage & {
	/** A customer's server, and one inside the network that must see nothing. */
	outside: Receiver;
	inside: Receiver;
	/** What the worker's next lookups of this name find. */
	resolve(name: string, ...answers: string[][]): void;
	/**
	 * Creates a job that owes its event to this URL, and returns its id. The API takes only https on port 443 for a name;
	 * a URL that it would refuse is written into the row, as though the worker were the only guard there is.
	 */
	owe(url: string, options?: { isWritten?: boolean }): Promise<string>;
	/** The job's delivery, once it was tried so often. */
	tried(id: string, attempts: number): Promise<JsonAnswer>;
	/** The next attempt of every delivery that waits for its schedule is due. */
	makeDue(): Promise<unknown>;
	/** A job whose receiver is well is delivered, and nothing inside was asked anything. */
	expectUnharmed(): Promise<void>;
};

/** A stack whose deliveries may reach one address of the loopback, and whose worker asks the test for names. */
export async function openSsrfStage(): Promise<SsrfStage> {
	const folder = mkdtempSync(join(tmpdir(), "reelay-ssrf-"));
	const file = join(folder, "lookups.json");
	const known: LookupAnswers = {};
	writeFileSync(file, "{}");
	const stage = await openFaultStage(bell, {
		mortal: ["worker"],
		env: { LOOKUP_FILE: file, OUTBOUND_ALLOW_CIDRS: `${addresses.open}/32` },
	});
	if (stage === null) throw new Error("there is no stage without a bell");
	const outside = await startReceiver(addresses.open);
	const inside = await startReceiver(addresses.closed);
	const hold = (until: string) =>
		stage.sql(`update governor set blocked_until = ${until}`);
	return {
		...stage,
		outside,
		inside,
		resolve(name, ...answers) {
			known[name] = answers;
			writeFileSync(file, JSON.stringify(known));
		},
		async owe(url, { isWritten = false } = {}) {
			if (!isWritten) return stage.createJob({ webhook_url: url });
			await hold("now() + interval '1 hour'");
			const id = await stage.createJob();
			await stage.sql("update job set webhook_url = $2 where id = $1", [
				id,
				url,
			]);
			await hold("clock_timestamp()");
			return id;
		},
		tried: (id, attempts) =>
			eventually(async () => {
				const [delivery] = await stage.sql(
					`select delivery.*, excerpt from delivery join event on event.id = event_id
					join attempt on delivery_id = delivery.id and n = attempts where event.job_id = $1`,
					[id],
				);
				expect(delivery).toMatchObject({ attempts });
				return delivery;
			}, patience),
		makeDue: () =>
			stage.sql("update delivery set due_at = now() where state = 'pending'"),
		async expectUnharmed() {
			const id = await stage.createJob();
			await stage.settle([id]);
			await stage.audit([id]);
			expect(inside.requests).toEqual([]);
		},
		async close() {
			await stage.close();
			await outside.close();
			await inside.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
