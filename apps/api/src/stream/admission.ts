import { problemFor } from "../problem.ts";

/** How many streams this process may have open, and how many of them one tenant. */
export type AdmissionLimits = {
	maxStreams: number;
	maxStreamsOfTenant: number;
};

export type Admission = {
	/** Counts one more of the tenant, or throws the problem; what it returns takes it back, however often it is called. */
	admit(tenantId: string): () => void;
	/** The same, with null in place of a problem. */
	tryAdmit(tenantId: string): (() => void) | null;
	/** How many of the tenant are open. */
	countOf(tenantId: string): number;
	/** From now on nobody is admitted. */
	close(): void;
};

// Long enough that a client that asks again and again costs nothing, short enough for one whose last connection broke.
const retryAfterS = "5";

export function createAdmission({
	maxStreams,
	maxStreamsOfTenant,
}: AdmissionLimits): Admission {
	const ofTenant = new Map<string, number>();
	let total = 0;
	let isClosed = false;
	const refuse = (
		code: "unavailable" | "streams_full" | "too_many_streams",
		detail: string,
	) => problemFor(code, { detail, headers: { "Retry-After": retryAfterS } });
	const refusal = (tenantId: string) => {
		const own = ofTenant.get(tenantId) ?? 0;
		if (isClosed) {
			return refuse("unavailable", "This server is stopping. Connect again.");
		}
		if (own >= maxStreamsOfTenant) {
			return refuse(
				"too_many_streams",
				`You have ${own} streams open, and may have no more. Close one; one whose connection was lost counts until that is noticed.`,
			);
		}
		return total < maxStreams
			? null
			: refuse(
					"streams_full",
					"This server has as many streams open as it may. Connect again; another server may have room.",
				);
	};
	const take = (tenantId: string) => {
		total += 1;
		ofTenant.set(tenantId, (ofTenant.get(tenantId) ?? 0) + 1);
		let isTaken = true;
		return () => {
			if (!isTaken) return;
			isTaken = false;
			total -= 1;
			const left = (ofTenant.get(tenantId) ?? 1) - 1;
			if (left === 0) ofTenant.delete(tenantId);
			else ofTenant.set(tenantId, left);
		};
	};
	return {
		admit(tenantId) {
			const problem = refusal(tenantId);
			if (problem !== null) throw problem;
			return take(tenantId);
		},
		tryAdmit: (tenantId) =>
			refusal(tenantId) === null ? take(tenantId) : null,
		countOf: (tenantId) => ofTenant.get(tenantId) ?? 0,
		close() {
			isClosed = true;
		},
	};
}
