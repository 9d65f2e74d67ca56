import { expect, it } from "vitest";
import { type IdKind, idPattern, idPrefixes } from "../domain/id-form.ts";
import { jobStates } from "../domain/job.ts";
import { exampleIds } from "./ids.ts";
import { jobSchema } from "./job-view.ts";
import { exampleJob } from "./samples.ts";

it.each(Object.keys(idPrefixes) as IdKind[])(
	"an id of a %s in an example has its form",
	(kind) => {
		expect(exampleIds[kind]).toMatch(idPattern(kind));
	},
);

it.each(jobStates)("a job in an example that is %s is whole", (state) => {
	expect(jobSchema.parse(exampleJob(state)).state).toBe(state);
});
