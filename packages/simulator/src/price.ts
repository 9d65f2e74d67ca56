import type { VideoInput } from "./video-input.ts";

/**
 * Points for one second of video. The provider publishes what the price depends
 * on (duration, mode, sound) and not the numbers; these are plausible ones.
 */
export const pointsPerSecond = {
	std: { silent: 10, sound: 15 },
	pro: { silent: 14, sound: 20 },
} as const;

export function priceInput(
	input: Pick<VideoInput, "duration" | "mode" | "sound">,
): number {
	const rates = pointsPerSecond[input.mode];
	return Number(input.duration) * (input.sound ? rates.sound : rates.silent);
}
