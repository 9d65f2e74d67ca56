import { leaseS } from "@reelay/shared/domain/deadline";
import type { Clock } from "@reelay/shared/runtime/clock";
import type { Logger } from "@reelay/shared/runtime/logger";

export type ClaimNamesDeps = {
	workerId: string;
	/** Undoes what was claimed under these names, and says how much that was. */
	giveBack: (owners: readonly string[]) => Promise<number>;
	clock: Clock;
	logger: Logger;
};

export type ClaimNames = {
	/** Runs a claim under a name that no other claim has. Rejects as it does. */
	claim<Taken>(take: (owner: string) => Promise<Taken>): Promise<Taken>;
	/** Gives back what claims have taken whose answer never came; every claim begins with it. */
	giveBackUnheard(): Promise<void>;
};

// For as long as a lease: what is committed only after that is found by whoever looks for leases that ran out.
const rememberMs = leaseS * 1000;

/**
 * A claim that fails may have been committed, for a timeout says nothing of what the server did. What it took is then
 * leased to a worker that does not know of it. So each claim has a name of its own: under the name of one that failed
 * nothing was ever begun, and all that bears it can be given back. It is looked for more than once, because the server
 * may commit later than we give up.
 */
export function createClaimNames(deps: ClaimNamesDeps): ClaimNames {
	const unheard = new Map<string, number>();
	let claims = 0;

	async function giveBackUnheard(): Promise<void> {
		const now = deps.clock.now().getTime();
		for (const [owner, failedAt] of unheard) {
			if (failedAt + rememberMs < now) unheard.delete(owner);
		}
		if (unheard.size === 0) return;
		const returned = await deps.giveBack([...unheard.keys()]);
		if (returned > 0) deps.logger.warn({ returned }, "claim.givenBack");
	}

	return {
		giveBackUnheard,
		async claim(take) {
			await giveBackUnheard();
			claims += 1;
			const owner = `${deps.workerId}/${claims}`;
			try {
				return await take(owner);
			} catch (error) {
				unheard.set(owner, deps.clock.now().getTime());
				throw error;
			}
		},
	};
}
