/** Not submitted within a day: expired, free of charge. A default exists so that no accepted job waits for ever. */
export const defaultStartWithinS = 24 * 60 * 60;
export const maxStartWithinS = 7 * 24 * 60 * 60;

/** A render that has told nothing for 30 minutes is overdue; the provider's own client gives up after 10. */
export const defaultTimeoutS = 30 * 60;
export const minTimeoutS = 60;
export const maxTimeoutS = 24 * 60 * 60;

/** How long an overdue submission may still be adopted. Result URLs live at least a day, so a later one is of no use. */
export const overdueGraceS = 24 * 60 * 60;

/** A lease outlives three missed renewals; past it the submission's outcome is unknown. */
export const leaseS = 60;
export const leaseRenewalMs = 15_000;

/** How long an Idempotency-Key is remembered. */
export const idempotencyWindowS = 24 * 60 * 60;

/** While the provider refuses us for funds or credentials, one submission in this interval goes through as a probe. */
export const probeIntervalS = 30;

/** This many 5xx answers in a row open the breaker: more would only spend the jobs' budgets on a provider that is down. */
export const breakerStreak = 5;

/** How long the open breaker waits before its canary: it doubles with each further error, from 10 s to five minutes. */
export const breakerBaseS = 10;
export const breakerMaxS = 300;
