import { findFreePort } from "@reelay/stack/ports";
import { describe, expect, it } from "vitest";
import { setCliStage } from "../testing/cli-stage.ts";
import { jsonLines } from "../testing/run-cli.ts";

const { stage, cli } = setCliStage();

describe("reelay doctor", () => {
	it("ends with 0 when all is well", async () => {
		const run = await cli(["doctor", "--json"]);

		const results = Object.fromEntries(
			jsonLines(run.stdout).map(({ name, result }) => [name, result]),
		);
		expect(results).toEqual({
			url: "ok",
			"api key": "ok",
			api: "ok",
			"api ready": "ok",
			"api version": "ok",
			clock: "ok",
			key: "ok",
			worker: "skipped",
			receiver: "skipped",
			"webhook secret": "skipped",
		});
		expect(run.code).toBe(0);
	});

	it.each([
		["no key", { REELAY_API_KEY: "" }, "api key", "REELAY_API_KEY"],
		[
			"a key of somebody else",
			{ REELAY_API_KEY: "rl_x" },
			"key",
			"another one's",
		],
		["no URL", { REELAY_URL: "localhost" }, "url", "REELAY_URL"],
		[
			"a broken secret",
			{ WEBHOOK_SECRET: "whsec_x" },
			"webhook secret",
			"whsec_",
		],
	])(
		"finds %s, says what to change, and ends with 1",
		async (_name, wrong, check, fix) => {
			const run = await cli(["doctor", "--json"], {
				env: { ...stage.env, ...wrong },
			});

			const found = jsonLines(run.stdout).filter(
				(one) => one.result === "failed",
			);
			expect(found.map(({ name }) => name)).toEqual([check]);
			expect(found[0].fix).toContain(fix);
			expect(run.code).toBe(1);
		},
	);

	it("finds an api, a worker and a receiver that are not there", async () => {
		const nobody = `http://127.0.0.1:${await findFreePort()}`;

		const run = await cli([
			...["doctor", "--url", nobody, "--worker-url", nobody],
			...["--receiver-url", nobody],
		]);

		expect(run.code).toBe(1);
		expect(run.stdout.match(/^failed .*ECONNREFUSED/gm)).toHaveLength(3);
		expect(run.stdout).toContain("npm start");
	});
});

describe("reelay", () => {
	it("ends with 3 when nobody answers, and with 3 for a wrong key", async () => {
		const nobody = `http://127.0.0.1:${await findFreePort()}`;

		const [away, stranger] = await Promise.all([
			cli(["list", "--url", nobody]),
			cli(["list", "--api-key", "rl_wrong"]),
		]);

		expect([away.code, stranger.code]).toEqual([3, 3]);
		expect(away.stderr).toContain("reelay doctor");
		expect(stranger.stderr).not.toContain("rl_wrong");
	}, 40_000);
});
