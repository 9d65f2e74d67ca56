import { inputs } from "../journeys/inputs.ts";
import { type Load, type LoadRequest, startLoad } from "./load.ts";
import { chosen, randomFrom, seed } from "./seed.ts";
import { labelOf, markerOf, ways } from "./soak-provider.ts";
import type { SoakScene } from "./soak-scene.ts";

const everyMs = 200;
const cancelledShare = 0.04;

const policies = [
	{ weight: 70, on_unknown: "hold" },
	{ weight: 15, on_unknown: "fail" },
	{ weight: 15, on_unknown: "resubmit_once" },
];
const shapes = Object.values(inputs).map((input) => ({ weight: 1, input }));

/** Five jobs a second, of every input, tenant, policy and way of the provider, some of them cancelled again. */
export function startSoakLoad(scene: SoakScene): Load {
	const { stage, tenants, apiUrls } = scene;
	const random = randomFrom(seed);
	const cancelled = new Set<number>();
	const request = (n: number) => {
		const way = chosen(ways, random);
		const { input } = chosen(shapes, random);
		const { on_unknown } = chosen(policies, random);
		const render_ms = 300 + Math.round(random() * 2_700);
		if (random() < cancelledShare) cancelled.add(n);
		const label = labelOf(n, way);
		const always = way.times === undefined ? way.behaviour : {};
		const wanted: LoadRequest = {
			body: {
				input: withPrompt(
					input,
					`${label} ${markerOf({ render_ms, ...always })}`,
				),
				on_unknown,
				timeout_s: 60,
			},
			apiUrl: apiUrls[n % apiUrls.length] ?? stage.apiUrl,
			apiKey: keyOf(tenants, n),
		};
		if (way.times === undefined) return wanted;
		const { behaviour, times } = way;
		const script = { match: { prompt: label }, times, behaviour };
		return stage.simulator("/scripts", script).then(() => wanted);
	};
	return startLoad(stage, {
		everyMs,
		prefix: `soak-${seed}`,
		request,
		async onTaken(n, id) {
			if (!cancelled.has(n)) return;
			const apiUrl = apiUrls[n % apiUrls.length] ?? stage.apiUrl;
			// A customer who gets no answer to this lets the job be: both are right ends.
			await fetch(`${apiUrl}/v1/jobs/${id}/cancel`, {
				method: "POST",
				headers: { authorization: `Bearer ${keyOf(tenants, n)}` },
			}).catch(() => {});
		},
	});
}

function keyOf(tenants: readonly string[], n: number): string {
	return tenants[n % tenants.length] ?? "";
}

type Shape = (typeof shapes)[number]["input"];

/** The input with this at the end of its prompt, where the simulator looks for what it is to do. */
function withPrompt(input: Shape, text: string) {
	if ("prompt" in input) return { ...input, prompt: `${input.prompt} ${text}` };
	const [last, ...others] = input.multi_prompt.toReversed();
	const prompt = `${last?.prompt} ${text}`;
	return {
		...input,
		multi_prompt: [...others.toReversed(), { ...last, prompt }],
	};
}
