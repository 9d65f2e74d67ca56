import { expect, it } from "vitest";
import { parseResident, sizeOf } from "./process-size.ts";

it("reads the resident set, and not the virtual size beside it", () => {
	const status = "Name:\tnode\nVmSize:\t 1048576 kB\nVmRSS:\t  102400 kB\n";

	expect(parseResident(status)).toBe(100);
});

it("takes a process that has ended for an error, not for a small one", () => {
	expect(() => parseResident("Name:\tnode\nState:\tZ (zombie)\n")).toThrow(
		"no memory",
	);
});

it.runIf(process.platform === "linux")("measures this process", async () => {
	const size = await sizeOf(process.pid, { count: 2, everyMs: 1 });

	expect(size.residentMb).toBeGreaterThan(10);
	expect(size.handles).toBeGreaterThan(2);
});
