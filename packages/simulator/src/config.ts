import { z } from "zod";
import { rateSchema } from "./rate-window.ts";
import type { StartOptions } from "./start.ts";

const count = (fallback: number, most: number) =>
	z
		.string()
		.regex(/^\d+$/, "must be a whole number")
		.transform(Number)
		.pipe(z.number().max(most))
		.default(fallback);

const environment = z.object({
	SIMULATOR_PORT: count(3003, 65_535),
	SIMULATOR_HOST: z.string().default("127.0.0.1"),
	SIMULATOR_KEYS: z
		.string()
		.transform((list) => list.split(",").map((key) => key.trim()))
		.pipe(z.array(z.string().min(1, "holds an empty key")))
		.optional(),
	SIMULATOR_BALANCE: count(1_000_000, Number.MAX_SAFE_INTEGER),
	SIMULATOR_RENDER_MS: count(2000, 86_400_000),
	SIMULATOR_ANSWER: z.enum(["blocking", "immediate"]).default("blocking"),
	SIMULATOR_RATE: rateSchema.default("20/10"),
	SIMULATOR_CONCURRENCY: count(100, 1_000_000),
	SIMULATOR_PUBLIC_URL: z
		.url({ protocol: /^https?$/ })
		.transform((url) => url.replace(/\/+$/, ""))
		.optional(),
	LOG_LEVEL: z
		.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
		.default("info"),
});

export type Config = { start: StartOptions; logLevel: string };

/** Reads the settings, or gives every mistake in them, one a line. */
export function loadConfig(
	env: Record<string, string | undefined>,
): { ok: true; config: Config } | { ok: false; mistakes: string[] } {
	// An empty variable is one that is not set.
	const set = Object.entries(env).filter(([, value]) => value !== "");
	const parsed = environment.safeParse(Object.fromEntries(set));
	if (!parsed.success)
		return {
			ok: false,
			mistakes: parsed.error.issues.map(
				(issue) => `${issue.path.join(".")}: ${issue.message}`,
			),
		};
	const values = parsed.data;
	return {
		ok: true,
		config: {
			logLevel: values.LOG_LEVEL,
			start: {
				port: values.SIMULATOR_PORT,
				host: values.SIMULATOR_HOST,
				keys: values.SIMULATOR_KEYS,
				balance: values.SIMULATOR_BALANCE,
				rate: values.SIMULATOR_RATE,
				concurrency: values.SIMULATOR_CONCURRENCY,
				publicUrl: values.SIMULATOR_PUBLIC_URL,
				behaviour: {
					answer: values.SIMULATOR_ANSWER,
					render_ms: values.SIMULATOR_RENDER_MS,
				},
			},
		},
	};
}
