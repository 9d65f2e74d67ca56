import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { collectorFlags, parseResident, sizeOf } from "./process-size.ts";

it("reads the resident set, and not the virtual size beside it", () => {
	const status = "Name:\tnode\nVmSize:\t 1048576 kB\nVmRSS:\t  102400 kB\n";

	expect(parseResident(status)).toBe(100);
});

it("takes a process that has ended for an error, not for a small one", () => {
	expect(() => parseResident("Name:\tnode\nState:\tZ (zombie)\n")).toThrow(
		"no memory",
	);
});

it.runIf(process.platform === "linux")(
	"measures a process without the garbage that it holds",
	async () => {
		// 80 MB that nobody refers to, when it says that it is ready.
		const script = `
			let held = Array.from({ length: 1e4 }, () => new Array(1e3).fill(1.5));
			held = null;
			setInterval(() => {}, 1e6);
			process.stdout.write("ready")`;
		const child = spawn(process.execPath, [...collectorFlags, "-e", script]);
		try {
			await once(child.stdout, "data");

			const size = await sizeOf(child.pid ?? 0, { count: 3, everyMs: 200 });

			expect(size.residentMb).toBeGreaterThan(10);
			expect(size.residentMb).toBeLessThan(100);
			expect(size.handles).toBeGreaterThan(2);
		} finally {
			child.kill();
			await once(child, "exit");
		}
	},
);
