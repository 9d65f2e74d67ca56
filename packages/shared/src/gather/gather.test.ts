import { expect, it } from "vitest";
import { createGate } from "../testing/gate.ts";
import { createGather, type Outcome } from "./gather.ts";

const done = (items: readonly string[]): Outcome<string>[] =>
	items.map((value) => ({ status: "fulfilled", value: value.toUpperCase() }));

/** A gather whose groups are kept; the first waits at a gate. */
function setStage(maxInFlight = 1, maxItems = 10) {
	const groups: (readonly string[])[] = [];
	const gate = createGate();
	const add = createGather<string, string>({
		nameOf: (item) => item.slice(0, 1),
		maxItems,
		maxInFlight,
		async flush(items) {
			groups.push(items);
			if (groups.length === 1) await gate.wait();
			return done(items);
		},
	});
	return { add, groups, gate };
}

it("lets those go together who come at once, and gathers who comes while they are on their way", async () => {
	const { add, groups, gate } = setStage();
	const first = [add("a1"), add("a2")];
	await gate.reached;

	const later = [add("a3"), add("a4"), add("a5")];
	gate.open();

	expect(await Promise.all([...first, ...later])).toEqual(
		["A1", "A2", "A3", "A4", "A5"], //
	);
	expect(groups).toEqual([
		["a1", "a2"],
		["a3", "a4", "a5"],
	]);
});

it("holds up nobody of another name", async () => {
	const { add, groups, gate } = setStage();
	const slow = add("a1");
	await gate.reached;

	const other = await add("b1");
	gate.open();
	await slow;

	expect(other).toBe("B1");
	expect(groups).toEqual([["a1"], ["b1"]]);
});

it("has no more of one name under way, and no more in a group, than it may", async () => {
	const { add, groups, gate } = setStage(2, 2);
	const all = ["a1", "a2", "a3", "a4", "a5", "a6", "a7"].map(add);
	await gate.reached;

	await Promise.all(all.slice(2, 7));
	gate.open();
	await Promise.all(all);

	expect(groups).toEqual([["a1", "a2"], ["a3", "a4"], ["a5", "a6"], ["a7"]]);
});

it("tells each caller of its own item only", async () => {
	const add = createGather<string, string>({
		nameOf: () => "",
		maxItems: 10,
		maxInFlight: 1,
		flush: async (items) =>
			items.map((value) =>
				value === "bad"
					? { status: "rejected", reason: new Error("bad") }
					: { status: "fulfilled", value },
			),
	});

	const came = await Promise.allSettled(["good", "bad", "fine"].map(add));

	expect(came.map(({ status }) => status)).toEqual([
		"fulfilled",
		"rejected",
		"fulfilled",
	]);
});

it("tells everyone of a group that failed as a whole, and goes on with the next", async () => {
	let fails = true;
	const add = createGather<string, string>({
		nameOf: () => "",
		maxItems: 10,
		maxInFlight: 1,
		async flush(items) {
			if (fails) throw new Error("away");
			return done(items);
		},
	});

	const lost = await Promise.allSettled([add("a"), add("b")]);
	fails = false;
	const found = await add("c");

	expect(lost.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
	expect(found).toBe("C");
});
