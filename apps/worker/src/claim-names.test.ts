import { createMemoryLog } from "@reelay/shared/testing/log";
import { expect, it } from "vitest";
import { createClaimNames } from "./claim-names.ts";

const timedOut = new Error("canceling statement due to statement timeout");

function setStage() {
	const log = createMemoryLog();
	const stage = {
		log,
		ms: 0,
		isAway: false,
		/** The names that were given back, for each time. */
		returns: [] as string[][],
		found: 0,
	};
	const names = createClaimNames({
		workerId: "worker-1",
		async giveBack(owners) {
			if (stage.isAway) throw new Error("away");
			stage.returns.push([...owners]);
			return stage.found;
		},
		clock: { now: () => new Date(stage.ms) },
		logger: log.logger,
	});
	const nameOf = () => names.claim(async (owner) => owner);
	const fail = () =>
		names.claim(() => Promise.reject(timedOut)).catch((error) => error);
	return Object.assign(stage, { names, nameOf, fail });
}

it("gives each claim a name that no other has, and nothing back while all are answered", async () => {
	const stage = setStage();

	const owners = [await stage.nameOf(), await stage.nameOf()];

	expect(owners).toEqual(["worker-1/1", "worker-1/2"]);
	expect(stage.returns).toEqual([]);
});

it("gives back what a claim took whose answer was lost, before anything else is claimed", async () => {
	const stage = setStage();
	stage.found = 1;

	const error = await stage.fail();
	const returnsBefore = stage.returns.length;
	await stage.nameOf();

	expect(error).toBe(timedOut);
	expect(returnsBefore).toBe(0);
	expect(stage.returns).toEqual([["worker-1/1"]]);
	expect(stage.log.lines("claim.givenBack")).toMatchObject([{ returned: 1 }]);
});

it("looks again for a lease's time, because the server may commit late, and then no more", async () => {
	const stage = setStage();
	await stage.fail();

	stage.ms = 60_000;
	await stage.nameOf();
	stage.ms = 60_001;
	await stage.nameOf();

	expect(stage.returns).toEqual([["worker-1/1"]]);
});

it("never gives back what was heard", async () => {
	const stage = setStage();
	const heard = await stage.nameOf();
	await stage.fail();
	await stage.nameOf();

	expect(stage.returns.flat()).not.toContain(heard);
	expect(stage.returns).toEqual([["worker-1/2"]]);
});

it("claims nothing while it cannot give back, and remembers what for", async () => {
	const stage = setStage();
	await stage.fail();
	stage.isAway = true;

	await expect(stage.nameOf()).rejects.toThrow("away");
	stage.isAway = false;
	await stage.nameOf();

	expect(stage.returns).toEqual([["worker-1/1"]]);
});
