import { type Mp4, readMp4 } from "./mp4.ts";

/** What lay behind a result URL; `error` is a sentence when nothing did. */
export type Video =
	| { status: number; contentType: string; mp4: Mp4 | null }
	| { error: string };

const downloadTimeoutMs = 20_000;

export async function fetchVideo(
	url: string,
	signal: AbortSignal,
): Promise<Video> {
	try {
		const response = await fetch(url, {
			signal: AbortSignal.any([signal, AbortSignal.timeout(downloadTimeoutMs)]),
		});
		const file = Buffer.from(await response.arrayBuffer());
		const contentType = response.headers.get("content-type") ?? "none";
		return { status: response.status, contentType, mp4: readMp4(file) };
	} catch (error) {
		const { cause, message } = error as Error & { cause?: { code?: string } };
		return { error: cause?.code ?? message };
	}
}
