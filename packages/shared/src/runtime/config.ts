import type { z } from "zod";

/** One mistake in the environment, as a person should read it. */
export type ConfigProblem = { name: string; message: string };

/**
 * The environment does not make a configuration. The message lists every
 * mistake at once; a process prints it and does not start.
 */
export class ConfigError extends Error {
	override readonly name = "ConfigError";
	readonly problems: readonly ConfigProblem[];

	constructor(problems: readonly ConfigProblem[]) {
		const lines = problems.map(({ name, message }) => `  ${name} ${message}`);
		super(`The settings are not right:\n${lines.join("\n")}`);
		this.problems = problems;
	}
}

/** What a setting's schema says of itself through `.meta()`. */
export type SettingMeta = {
	description: string;
	example?: string;
	/** Its value is never shown, not even when it is wrong. */
	isSecret?: boolean;
};

type Environment = Record<string, string | undefined>;

/**
 * Reads the variables that a schema names, or throws a ConfigError about all
 * mistakes together. An empty or blank variable counts as absent, since that
 * is how compose files and CI systems say "not set".
 */
export function loadConfig<Schema extends z.ZodObject>(
	schema: Schema,
	env: Environment,
): z.output<Schema> {
	const given: Environment = {};
	for (const name of Object.keys(schema.shape)) {
		const value = env[name]?.trim();
		if (value) given[name] = value;
	}
	const parsed = schema.safeParse(given);
	if (parsed.success) return parsed.data;
	throw new ConfigError(
		parsed.error.issues.map((issue) => {
			const name = String(issue.path[0] ?? "(settings)");
			const field = schema.shape[name] as z.ZodType | undefined;
			return { name, message: explain(issue.message, given[name], field) };
		}),
	);
}

/**
 * The configuration as the start log may show it: the named keys masked, and
 * the passwords inside URLs as well.
 */
export function describeConfig(
	config: Record<string, unknown>,
	secretKeys: readonly string[],
): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(config).map(([name, value]) => {
			if (value === undefined || value === null) return [name, "not set"];
			if (secretKeys.includes(name)) return [name, "***"];
			return [name, typeof value === "string" ? maskUrlPassword(value) : value];
		}),
	);
}

/** Masks the password inside a URL and leaves any other text as it is. */
export function maskUrlPassword(text: string): string {
	if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
	// What cannot be parsed may hide its password anywhere.
	if (!URL.canParse(text)) return text.replace(/:\/\/.*@/s, "://***@");
	const url = new URL(text);
	const secrets = [...url.searchParams.keys()].filter((key) =>
		/password|secret|token/i.test(key),
	);
	if (url.password === "" && secrets.length === 0) return text;
	if (url.password !== "") url.password = "***";
	for (const key of secrets) url.searchParams.set(key, "***");
	return url.toString();
}

function explain(
	message: string,
	value: string | undefined,
	field: z.ZodType | undefined,
): string {
	const meta = field?.meta() as Partial<SettingMeta> | undefined;
	const right =
		meta?.example === undefined ? "" : ` (example: ${meta.example})`;
	if (value === undefined) {
		const purpose = meta?.description ? `: ${meta.description}` : "";
		return `is not set${purpose}${right}`;
	}
	const shown =
		meta?.isSecret || value.length > 80
			? ""
			: `, not ${JSON.stringify(maskUrlPassword(value))}`;
	return `${message}${shown}${right}`;
}
