/** Resolves when the condition holds; the test's own timeout is the deadline. */
export async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
