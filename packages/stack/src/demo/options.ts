import { parseArgs } from "node:util";
import { type Pictures, placeholderPictures } from "./jobs.ts";

export type DemoOptions = {
	isHelp: boolean;
	/** Starts a stack of its own even where one runs. */
	isOwn: boolean;
	maySpend: boolean;
	/** Null when none were named. */
	pictures: Pictures | null;
};

export const usage = `npm run demo [-- options]

Submits one job of each kind to the running stack (or to one of its own, with
the simulator, where none runs), verifies the webhooks and shows a table.
Ends with 0 only if everything is right.

  --own                  start a stack of its own even where one runs
  --yes-spend-money      use a running stack whose provider is the real one
  --pictures=URL,URL     two pictures that the real provider can fetch
  --help`;

/** Reads the arguments; throws a sentence for one that it does not know. */
export function parseOptions(args: string[]): DemoOptions {
	const { values } = parseArgs({
		args,
		options: {
			help: { type: "boolean", default: false },
			own: { type: "boolean", default: false },
			"yes-spend-money": { type: "boolean", default: false },
			pictures: { type: "string" },
		},
	});
	return {
		isHelp: values.help,
		isOwn: values.own,
		maySpend: values["yes-spend-money"],
		pictures: values.pictures === undefined ? null : parse(values.pictures),
	};
}

function parse(text: string): Pictures {
	const [first, second, ...more] = text.split(",").map((url) => url.trim());
	const isPair = first && second && more.length === 0;
	if (isPair && [first, second].every((url) => URL.canParse(url))) {
		return [first, second];
	}
	throw new Error(`--pictures takes two URLs with a comma between: "${text}".`);
}

/**
 * The pictures for a run, or a sentence about why there must not be one: the
 * real provider costs money, and fetches what it is shown.
 */
export function decidePictures(
	{ maySpend, pictures }: DemoOptions,
	isSimulated: boolean,
): Pictures {
	if (isSimulated) return pictures ?? placeholderPictures;
	if (!maySpend) {
		throw new Error(
			"The running stack seems to use the real provider, which charges for every job: say --yes-spend-money to run the demo on it, or --own for a stack with the simulator.",
		);
	}
	if (pictures) return pictures;
	throw new Error(
		"The real provider fetches the pictures: name two of yours with --pictures=URL,URL.",
	);
}
