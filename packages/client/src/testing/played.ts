import { inspect } from "node:util";
import { closeAll } from "@reelay/shared/testing/raw-server";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { Reelay, ReelayError, type ReelayOptions } from "../index.ts";
import {
	type Heard,
	json,
	type Scene,
	type ScriptedServer,
	startScriptedServer,
} from "./scripted-server.ts";

export const apiKey = "rl_this-must-be-shown-nowhere";
export const job = { id: "job_1", state: "queued" };
export const body = { input: { prompt: "A paper boat" } };
export const accepted = json(202, job);
export const found = json(200, job);
const servers: ScriptedServer[] = [];

/** To be called once in a file: every pause is as short as it may be, what the server asks for and no more; servers end with their test. */
export function playWithoutPauses(): void {
	beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0));
	afterEach(async () => {
		vi.restoreAllMocks();
		await Promise.all(servers.splice(0).map((server) => server.close()));
		await closeAll();
	});
}

/** Closes a server when its test is over. */
export function endWithTest(server: ScriptedServer): void {
	servers.push(server);
}

/** A client of a server that plays these scenes, one for each request. */
export async function play(...scenes: Scene[]) {
	const server = await startScriptedServer(...scenes);
	endWithTest(server);
	return { heard: server.heard, ...clientOf(server.url) };
}

export function clientOf(
	baseUrl: string,
	options: Partial<ReelayOptions> = {},
) {
	return { reelay: new Reelay({ apiKey, baseUrl, ...options }) };
}

/** What it throws, which must show the key in no way. */
export async function failureOf(
	promise: Promise<unknown>,
): Promise<ReelayError> {
	const error = await promise.then(
		() => expect.fail("it did not fail"),
		(thrown: unknown) => thrown,
	);
	expect(error).toBeInstanceOf(ReelayError);
	expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(apiKey);
	return error as ReelayError;
}

export const keysOf = (heard: readonly Heard[]) =>
	heard.map(({ headers }) => headers["idempotency-key"]);
