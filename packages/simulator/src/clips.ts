import { readFile } from "node:fs/promises";
import { retimeMp4 } from "./mp4-duration.ts";
import type { VideoInput } from "./video-input.ts";

type Ratio = VideoInput["aspect_ratio"];
export type ClipSpec = { ratio: Ratio; seconds: number };

const assetNames: Record<Ratio, string> = {
	"16:9": "clip-16x9.mp4",
	"9:16": "clip-9x16.mp4",
	"1:1": "clip-1x1.mp4",
};

/** Which clip each succeeded task shows; the oldest are forgotten past the bound. */
export class Clips {
	readonly #bound: number;
	readonly #specs = new Map<string, ClipSpec>();
	readonly #made = new Map<string, Promise<Buffer>>();

	constructor(bound: number) {
		this.#bound = bound;
	}

	add(taskId: string, spec: ClipSpec): void {
		this.#specs.set(taskId, spec);
		if (this.#specs.size <= this.#bound) return;
		const oldest = this.#specs.keys().next();
		if (!oldest.done) this.#specs.delete(oldest.value);
	}

	async find(taskId: string): Promise<Buffer | null> {
		const spec = this.#specs.get(taskId);
		if (!spec) return null;
		const name = `${spec.ratio} ${spec.seconds}`;
		const made = this.#made.get(name) ?? makeClip(spec);
		this.#made.set(name, made);
		return made;
	}

	clear(): void {
		this.#specs.clear();
	}
}

async function makeClip(spec: ClipSpec): Promise<Buffer> {
	// src/ and dist/ both lie beside assets/.
	const asset = new URL(`../assets/${assetNames[spec.ratio]}`, import.meta.url);
	return retimeMp4(await readFile(asset), spec.seconds);
}
