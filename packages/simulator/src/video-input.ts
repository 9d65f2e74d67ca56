import { z } from "zod";

/** The published input schema: types only, every field optional and nullable. */
export const publishedInput = z.object({
	prompt: z.string().nullish(),
	image_urls: z.array(z.string()).max(2).nullish(),
	sound: z.boolean().nullish(),
	duration: z.string().nullish(),
	aspect_ratio: z.string().nullish(),
	mode: z.string().nullish(),
	multi_shots: z.boolean().nullish(),
	multi_prompt: z.array(z.looseObject({})).nullish(),
	kling_elements: z.array(z.looseObject({})).nullish(),
	callBackUrl: z.string().nullish(),
});

export type PublishedInput = z.infer<typeof publishedInput>;

export type VideoInput = {
	prompt: string | null;
	image_urls: string[];
	sound: boolean;
	duration: string;
	aspect_ratio: "16:9" | "9:16" | "1:1";
	mode: "std" | "pro";
	multi_shots: boolean;
	multi_prompt: Record<string, unknown>[];
	kling_elements: Record<string, unknown>[];
	callBackUrl: string | null;
};

/** Defaults filled in, values not yet checked. */
export type UncheckedInput = Omit<VideoInput, "aspect_ratio" | "mode"> & {
	aspect_ratio: string;
	mode: string;
};
