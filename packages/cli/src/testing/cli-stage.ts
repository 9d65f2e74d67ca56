import {
	type ApiProcess,
	startApiProcess,
} from "@reelay/stack/testing/api-process";
import { afterAll, beforeAll } from "vitest";
import { type CliOptions, runCli } from "./run-cli.ts";

/** An api of this file's own, once its tests run, and what tells the command line where it is. */
export type CliStage = { api: ApiProcess; env: Record<string, string> };

/** To be called once in a file. */
export function setCliStage() {
	const stage = {} as CliStage;
	beforeAll(async () => {
		stage.api = await startApiProcess();
		const { url, apiKey } = stage.api;
		stage.env = { REELAY_URL: url, REELAY_API_KEY: apiKey };
	});
	afterAll(() => stage.api?.close());
	const cli = (args: string[], options: CliOptions = {}) =>
		runCli(args, { env: stage.env, ...options });
	return { stage, cli };
}
