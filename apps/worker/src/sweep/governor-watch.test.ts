import { closeGovernor, reopenGovernor } from "@reelay/shared/store/governor";
import { createMemoryLog } from "@reelay/shared/testing/log";
import { openTestStore, type TestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createGovernorWatch } from "./governor-watch.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

it("says once why the provider is closed, when the reason changes, and that it is open again", async () => {
	const log = createMemoryLog();
	const watch = createGovernorWatch(store.db, log.logger);
	const close = (reason: "funds" | "credentials") =>
		closeGovernor(store.db, { reason, detail: `no ${reason}`, probeS: 1 });
	const passTwice = async () => {
		await watch.pass();
		await watch.pass();
	};

	await passTwice();
	await close("funds");
	await passTwice();
	await close("credentials");
	await passTwice();
	await reopenGovernor(store.db);
	await passTwice();

	expect(log.lines()).toMatchObject([
		{ msg: "governor.closed", level: "warn", reason: "funds" },
		{ msg: "governor.closed", reason: "credentials", detail: "no credentials" },
		{ msg: "governor.opened", level: "info", reason: "credentials" },
	]);
});
