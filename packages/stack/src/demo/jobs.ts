/** The provider's own fields, as a customer writes them. */
export type DemoInput = {
	prompt?: string;
	image_urls?: string[];
	sound?: boolean;
	duration: string;
	aspect_ratio?: "16:9" | "9:16" | "1:1";
	mode: "std" | "pro";
	multi_shots?: boolean;
	multi_prompt?: { prompt: string; duration: number }[];
	kling_elements?: {
		name: string;
		description: string;
		element_input_urls: string[];
	}[];
};

export type DemoJob = { name: string; input: DemoInput };

export type Pictures = readonly [first: string, second: string];

/** Stand-ins: the simulator checks addresses of pictures and fetches none. */
export const placeholderPictures: Pictures = [
	"https://images.example.com/paper-boat.png",
	"https://images.example.com/lighthouse.jpg",
];

/** One job of each kind: every way of working, mode, ratio and sound, and the shortest and longest video. */
export function createDemoJobs([first, second]: Pictures): DemoJob[] {
	const boat = {
		name: "element_boat",
		description: "A boat folded from newspaper",
		element_input_urls: [first, second],
	};
	const keeper = {
		name: "element_keeper",
		description: "A lighthouse keeper in a yellow coat",
		element_input_urls: [second, first],
	};
	return [
		...textJobs,
		{
			name: "first frame",
			input: {
				prompt: "The boat leaves the quay",
				image_urls: [first],
				duration: "5",
				mode: "pro",
			},
		},
		{
			name: "first and last frame",
			input: {
				prompt: "From the boat up to the lighthouse, in one movement",
				image_urls: [first, second],
				duration: "10",
				mode: "std",
			},
		},
		{
			name: "elements",
			input: {
				prompt: "@element_keeper lifts @element_boat out of the water",
				kling_elements: [boat, keeper],
				duration: "5",
				aspect_ratio: "16:9",
				mode: "pro",
			},
		},
		{
			name: "multi-shot",
			input: {
				multi_shots: true,
				multi_prompt: [
					{ prompt: "Clouds gather over a harbour", duration: 3 },
					{ prompt: "Rain on the roofs, seen from above", duration: 4 },
					{ prompt: "A lamp is lit in the lighthouse", duration: 2 },
				],
				sound: true,
				duration: "9",
				aspect_ratio: "16:9",
				mode: "std",
			},
		},
		{
			name: "multi-shot with element",
			input: {
				multi_shots: true,
				multi_prompt: [
					{ prompt: "@element_boat drifts out of the harbour", duration: 3 },
					{ prompt: "The keeper looks after it", duration: 3 },
				],
				image_urls: [first],
				kling_elements: [boat],
				sound: true,
				duration: "6",
				mode: "pro",
			},
		},
	];
}

const textJobs: DemoJob[] = [
	{
		name: "text",
		input: {
			prompt: "A paper boat on a rainy street",
			duration: "5",
			aspect_ratio: "16:9",
			mode: "pro",
		},
	},
	{
		name: "text, shortest, upright",
		input: {
			prompt: "A drop falls from a leaf",
			duration: "3",
			aspect_ratio: "9:16",
			mode: "std",
		},
	},
	{
		name: "text, longest, square",
		input: {
			prompt: "The tide comes in and goes out, as if a day were a breath",
			duration: "15",
			aspect_ratio: "1:1",
			mode: "pro",
		},
	},
	{
		name: "text, sound, std",
		input: {
			prompt: "Waves break on a pebble beach",
			sound: true,
			duration: "5",
			aspect_ratio: "16:9",
			mode: "std",
		},
	},
	{
		name: "text, sound, pro",
		input: {
			prompt: "A foghorn over a quiet bay",
			sound: true,
			duration: "5",
			aspect_ratio: "9:16",
			mode: "pro",
		},
	},
];

/** The input in a few words: `9:16 std 3 s sound`. */
export function describeInput(input: DemoInput): string {
	const words = [
		input.aspect_ratio ?? "",
		input.mode,
		`${input.duration} s`,
		input.sound ? "sound" : "",
	];
	return words.filter(Boolean).join(" ");
}
