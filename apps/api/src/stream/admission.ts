import { problemFor } from "../problem.ts";

/** How many streams this process may have open, and how many of them one tenant. */
export type AdmissionLimits = {
	maxStreams: number;
	maxStreamsOfTenant: number;
};

export type Admission = {
	/** Counts one more of the tenant, or throws the problem; what it returns takes it back, however often it is called. */
	admit(tenantId: string): () => void;
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
	return {
		admit(tenantId) {
			const own = ofTenant.get(tenantId) ?? 0;
			if (isClosed) {
				throw refuse("unavailable", "This server is stopping. Connect again.");
			}
			if (own >= maxStreamsOfTenant) {
				throw refuse(
					"too_many_streams",
					`You have ${own} streams open, and may have no more. Close one; one whose connection was lost counts until that is noticed.`,
				);
			}
			if (total >= maxStreams) {
				throw refuse(
					"streams_full",
					"This server has as many streams open as it may. Connect again; another server may have room.",
				);
			}
			total += 1;
			ofTenant.set(tenantId, own + 1);
			let isTaken = true;
			return () => {
				if (!isTaken) return;
				isTaken = false;
				total -= 1;
				const left = (ofTenant.get(tenantId) ?? 1) - 1;
				if (left === 0) ofTenant.delete(tenantId);
				else ofTenant.set(tenantId, left);
			};
		},
		close() {
			isClosed = true;
		},
	};
}
