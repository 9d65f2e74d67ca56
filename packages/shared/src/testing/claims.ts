import { type ClaimedSubmission, claimSubmissions } from "../store/claim.ts";
import type { Database } from "../store/database.ts";

/** Claims the one job whose turn it is, as `claimSubmissions` does; null when there is none or the governor says no. */
export async function claimOne(
	db: Database,
	owner: string,
): Promise<ClaimedSubmission | null> {
	const { submissions } = await claimSubmissions(db, owner, 1);
	return submissions[0] ?? null;
}
