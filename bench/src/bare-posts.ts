/**
 * The floor of webhook delivery, in a process of its own: the same bodies POSTed by undici to the same receiver, so many
 * at once, with nothing signed, looked up or remembered.
 */
import { Agent, request } from "undici";

export type BarePosts = {
	url: string;
	body: string;
	count: number;
	atOnce: number;
};

const agent = new Agent({ connections: null, pipelining: 1 });

async function post({ url, body, count, atOnce }: BarePosts): Promise<void> {
	let next = 0;
	const worker = async () => {
		while (next < count) {
			const id = next++;
			const answer = await request(url, {
				method: "POST",
				dispatcher: agent,
				headers: {
					"content-type": "application/json",
					"webhook-id": `bare_${id}`,
				},
				body,
			});
			await answer.body.dump();
		}
	};
	await Promise.all(Array.from({ length: atOnce }, worker));
}

process.on("message", async (work: BarePosts) => {
	await post(work);
	process.send?.("done");
});
process.on("disconnect", () => agent.close());
