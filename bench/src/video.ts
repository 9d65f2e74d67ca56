/** What a customer asks for, as long as such requests are. */
export const aVideo = {
	prompt: "A quiet lake at dawn, mist over the water, slow pan to the left",
	duration: "5",
};

/** The same as the provider is asked for it; without an address it calls nobody back. */
export const aRender = {
	prompt: aVideo.prompt,
	image_urls: [],
	sound: false,
	duration: aVideo.duration,
	aspect_ratio: "16:9",
	mode: "pro",
	multi_shots: false,
	multi_prompt: [],
	kling_elements: [],
	callBackUrl: null,
};

/** The one route that is paid for. */
export const renderPath =
	"/api/v1/actions/see2ai_video_generation_kling_3_0_v1";

/** What the provider calls back with when a render has succeeded. */
export function aSuccess(taskId: string): Record<string, unknown> {
	return {
		task_id: taskId,
		state: "success",
		result_urls: [`https://files.example.com/${taskId}.mp4`],
		cost_time: 61_000,
		cost_points: 120,
		model: "kling-3.0/video",
		source: "provider",
		input_tokens: 0,
		output_tokens: 0,
		total_tokens: 0,
		provider_config_id: 1,
	};
}
