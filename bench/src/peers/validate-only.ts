/** The ceiling of any Express: it reads the body, validates it with zod, and answers. Nothing is kept. */
import { jobBody } from "./job-body.ts";
import { createPeerApp, servePeer } from "./serve.ts";

servePeer(async (start) => {
	const app = createPeerApp(start);
	app.post("/v1/jobs", (req, res) => {
		const parsed = jobBody.safeParse(req.body);
		if (parsed.success) res.status(202).json(parsed.data);
		else res.status(400).json({ errors: parsed.error.issues });
	});
	return { app, close: async () => {} };
});
