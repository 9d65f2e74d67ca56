/** Where a use case asks for the time; rows take theirs from the database. */
export type Clock = { now(): Date };

/** The machine's own clock. */
export const systemClock: Clock = { now: () => new Date() };
