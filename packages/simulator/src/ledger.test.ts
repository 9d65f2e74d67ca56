import { expect, it } from "vitest";
import { Ledger } from "./ledger.ts";

it("forgets the oldest entries past its bound and goes on counting", () => {
	const ledger = new Ledger({ posts: 10, callbacks: 10 });
	const seen = { action: "a", authorized: true, concurrent_at_arrival: 0 };

	const posts = Array.from({ length: 25 }, () => ledger.openPost(seen));
	for (const post of posts) ledger.acceptPost(post, `t${post.n}`, 5);
	for (const post of posts) ledger.settlePost(post, "success");

	expect(ledger.posts.length).toBeLessThanOrEqual(10);
	expect(ledger.posts.at(-1)?.n).toBe(25);
	expect(ledger.totals).toMatchObject({
		posts: 25,
		charged_posts: 25,
		charged_points: 125,
		forgotten_posts: 25 - ledger.posts.length,
	});
});
