/** How many jobs one batch may have. */
export const maxBatchSize = 100;
