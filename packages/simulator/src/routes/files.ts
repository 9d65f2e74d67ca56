import { type Request, type Response, Router } from "express";
import type { World } from "../world.ts";

/** The results: real MP4 files, with byte ranges so that players can seek. */
export function filesRouter(world: World): Router {
	const router = Router();
	router.get("/files/:name", async (req, res) => {
		const taskId = /^([0-9a-f]+)\.mp4$/.exec(req.params.name)?.[1];
		const clip = taskId ? await world.clips.find(taskId) : null;
		if (!clip) return res.status(404).json({ detail: "Not Found" });
		return sendClip(req, res, clip);
	});
	return router;
}

function sendClip(req: Request, res: Response, clip: Buffer): Response {
	res.type("video/mp4").set("accept-ranges", "bytes");
	const ranges = req.range(clip.length, { combine: true });
	if (ranges === -1)
		return res.status(416).set("content-range", `bytes */${clip.length}`).end();
	const range = Array.isArray(ranges) ? ranges[0] : undefined;
	if (!range || (Array.isArray(ranges) && ranges.length > 1))
		return res.send(clip);
	const { start, end } = range;
	res.set("content-range", `bytes ${start}-${end}/${clip.length}`);
	return res.status(206).end(clip.subarray(start, end + 1));
}
