import type { Fill } from "./ground.ts";
import type { Measurement } from "./measurement.ts";
import type { Bell } from "./rig.ts";

export type { Fill } from "./ground.ts";

/** Where a scenario is measured: on which bell, over which rows, and whether only to show that it runs. */
export type Stage = { bell: Bell; fill: Fill; isShort: boolean };

/** One thing that is measured. It opens what it needs itself, and leaves nothing behind. */
export type Scenario = {
	name: string;
	/** The stages on which it means something; a bench of all runs it on each. */
	fills: readonly Fill[];
	bells: readonly Bell[];
	/** Measures ours and its peers in turn on the same machine. */
	measure(stage: Stage): Promise<Measurement[]>;
};
