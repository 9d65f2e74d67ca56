import { aJob } from "@reelay/shared/testing/factories";
import { describe, expect, it } from "vitest";
import { setCliStage } from "../testing/cli-stage.ts";
import { jsonLines } from "../testing/run-cli.ts";

const { stage, cli } = setCliStage();

const submit = async (...flags: string[]) =>
	jsonLines((await cli(["submit", "A boat", "--json", ...flags])).stdout)[0];

describe("reelay retry", () => {
	it("tries a job again once, with changes, and refuses one that may get its video", async () => {
		const { id } = await submit();
		const early = await cli(["retry", id]);
		await cli(["cancel", id]);

		const first = await cli(["retry", id, "--duration", "3", "--json"]);
		const second = await cli(["retry", id, "--duration", "3", "--json"]);

		const [job] = jsonLines(first.stdout);
		expect(early.code).toBe(4);
		expect(job).toMatchObject({ retry_of: id, input: { duration: "3" } });
		expect(jsonLines(second.stdout)[0].id).toBe(job.id);
	});
});

describe("reelay list", () => {
	it("finds jobs by tag and metadata", async () => {
		const { id } = await submit("--tag", "mine", "--metadata", "order=7");
		await submit("--tag", "mine");

		const listed = await cli([
			...["list", "--tag", "mine", "--metadata", "order=7", "--json"],
		]);

		expect(jsonLines(listed.stdout).map((job) => job.id)).toEqual([id]);
	});
});

describe("reelay usage", () => {
	it("says what was spent, for people and for programs", async () => {
		const job = await aJob(stage.api.store, { state: "succeeded" });

		const shown = await cli(["usage", "--by", "mode,state"]);
		const read = await cli(["usage", "--by", "mode", "--json"]);
		const wrong = await cli(["usage", "--by", "colour"]);

		expect(shown.code).toBe(0);
		expect(shown.stdout).toMatch(/^MODE +STATE +JOBS/);
		expect(shown.stdout).toMatch(new RegExp(`total .* ${job.cost_points} `));
		expect(jsonLines(read.stdout)[0].total.spent_points).toBe(job.cost_points);
		expect(wrong.code).toBe(4);
	});
});

describe("reelay keys", () => {
	it("makes a key that works, replaces it, and ends it", async () => {
		const made = await cli([
			...["keys", "create", "ci", "--scopes", "jobs:read", "--json"],
		]);
		const [key] = jsonLines(made.stdout);
		const asKey = { env: { ...stage.env, REELAY_API_KEY: key.key } };

		const reads = await cli(["list", "--json"], asKey);
		const writes = await cli(["submit", "A boat"], asKey);
		const rotated = await cli(["keys", "rotate", key.id, "--json"]);
		const revoked = await cli(["keys", "revoke", key.id]);
		const listed = await cli(["keys", "list"]);

		expect([reads.code, revoked.code]).toEqual([0, 0]);
		expect(writes.code).not.toBe(0);
		expect(jsonLines(rotated.stdout)[0].rotated_from).toBe(key.id);
		expect(listed.stdout).toMatch(new RegExp(`${key.id} +revoked`));
		expect(listed.stdout).not.toContain(key.key);
	});

	it("asks for scopes before it sends anything", async () => {
		const made = await cli(["keys", "create", "ci"]);

		expect(made.code).toBe(2);
		expect(made.stderr).toContain("--scopes");
	});
});
