import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Clips } from "./clips.ts";

const hasProbe = spawnSync("ffprobe", ["-version"]).status === 0;
const cases = [
	{ ratio: "16:9", seconds: 3, width: 320, height: 180 },
	{ ratio: "9:16", seconds: 5, width: 180, height: 320 },
	{ ratio: "1:1", seconds: 15, width: 240, height: 240 },
] as const;

async function makeClip(spec: (typeof cases)[number]): Promise<Buffer> {
	const clips = new Clips(1);
	clips.add("t", spec);
	const clip = await clips.find("t");
	if (!clip) throw new Error("no clip");
	return clip;
}

describe("a clip", () => {
	it.each(cases)("lasts $seconds s by its own header", async (spec) => {
		const clip = await makeClip(spec);
		const header = clip.indexOf("mvhd") + 4;

		const scale = clip.readUInt32BE(header + 12);
		const ticks = clip.readUInt32BE(header + 16);

		expect(ticks / scale).toBe(spec.seconds);
	});

	it("is forgotten when the bound is passed", async () => {
		const clips = new Clips(1);
		clips.add("old", cases[0]);
		clips.add("new", cases[0]);

		expect(await clips.find("old")).toBeNull();
		expect(await clips.find("new")).not.toBeNull();
	});
});

describe.skipIf(!hasProbe)("a clip, asked by ffprobe", () => {
	let folder: string;
	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), "simulator-clips-"));
	});
	afterAll(() => rm(folder, { recursive: true }));

	it.each(cases)("is $ratio and $seconds s of H.264", async (spec) => {
		const file = join(folder, `${spec.width}.mp4`);
		await writeFile(file, await makeClip(spec));

		const probe = spawnSync("ffprobe", [
			...["-v", "error", "-count_frames", "-of", "json"],
			...["-show_streams", "-show_format", file],
		]);

		expect(probe.stderr.toString()).toBe("");
		const { streams, format } = JSON.parse(probe.stdout.toString());
		expect(Number(format.duration)).toBe(spec.seconds);
		expect(Number(streams[0].duration)).toBe(spec.seconds);
		expect(streams[0]).toMatchObject({
			codec_name: "h264",
			pix_fmt: "yuv420p",
			width: spec.width,
			height: spec.height,
			nb_read_frames: "30",
		});
	});
});
