const image = (name: string) => `https://example.com/${name}.png`;

/** One input of every way of working, as a customer would send it. */
export const inputs = {
	text: { prompt: "a lighthouse in a storm", duration: 3, mode: "std" },
	portrait: {
		prompt: "a paper boat",
		aspect_ratio: "9:16",
		duration: "15",
		sound: true,
	},
	square: { prompt: "a spinning coin", aspect_ratio: "1:1" },
	first_frame: { prompt: "it wakes up", image_urls: [image("first")] },
	first_and_last_frame: {
		prompt: "from dawn to dusk",
		image_urls: [image("first"), image("last")],
		mode: "std",
	},
	multi_shot: {
		multi_shots: true,
		duration: "5",
		multi_prompt: [
			{ prompt: "a door", duration: 2 },
			{ prompt: "what is behind it", duration: 3 },
		],
	},
	elements: {
		prompt: "@dog runs along a beach",
		kling_elements: [
			{
				name: "dog",
				description: "a brown dog",
				element_input_urls: [image("dog-1"), image("dog-2")],
			},
		],
	},
} as const;
