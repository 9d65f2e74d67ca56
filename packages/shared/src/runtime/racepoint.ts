/**
 * The places at which the death of a process leaves something half done. A test stops or kills a process there, by
 * passing its own function; production passes none, and they do nothing.
 */
export const racepoints = [
	"accept.beforeCommit",
	"accept.committed",
	"accept.rung",
	"rings.hinted",
	"submit.beforeClaim",
	"submit.claimed",
	"submit.answered",
	"delivery.claimed",
	"delivery.answered",
	"callback.beforeCommit",
	"callback.committed",
] as const;
export type RacepointName = (typeof racepoints)[number];

/** Called at a racepoint, with the id of what is worked on where a test may mean one alone; the process goes on when it resolves. */
export type Racepoint = (name: RacepointName, id?: string) => Promise<void>;

/** What production passes. */
export const noRacepoint: Racepoint = async () => {};
