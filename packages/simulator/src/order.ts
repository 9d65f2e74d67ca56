import type { Behaviour } from "./behaviour.ts";
import type { PostEntry } from "./ledger.ts";
import type { VideoInput } from "./video-input.ts";

/** What a POST asks for once it is taken; its points are reserved already. */
export type Order = {
	taskId: string;
	input: VideoInput;
	/** The body as it was sent: callbacks echo it. */
	request: unknown;
	points: number;
	behaviour: Behaviour;
	baseUrl: string;
	post: PostEntry;
};
