import { deliveriesEnv, measureDeliveries } from "./deliveries.ts";
import { isMet, type Measurement } from "./measurement.ts";
import { type Bell, openRig } from "./rig.ts";
import { toTable } from "./table.ts";

const bells: Bell[] = ["redis", "postgres"];

const isShort = process.argv.includes("--short");
const load = isShort ? { count: 500, rounds: 1 } : { count: 5_000, rounds: 3 };

const measurements: Measurement[] = [];
for (const bell of bells) {
	const rig = await openRig(bell, deliveriesEnv);
	if (rig === null) {
		process.stderr.write("SKIPPED: no redis-server was found.\n");
		continue;
	}
	try {
		measurements.push(await measureDeliveries(rig, load));
	} finally {
		await rig.close();
	}
}
process.stdout.write(`\n${toTable(measurements)}\n`);
process.exitCode = measurements.every(isMet) ? 0 : 1;
