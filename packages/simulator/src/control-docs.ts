import { z } from "zod";
import { behaviourPatchSchema, faithful } from "./behaviour.ts";
import { callbackShapeNames } from "./callback-shapes.ts";
import {
	balanceSchema,
	defaultsPatchSchema,
	ledgerQuerySchema,
} from "./control.ts";
import { faults } from "./faults.ts";
import { ledgerBound } from "./ledger.ts";
import { malformedNames } from "./malformed.ts";
import { pointsPerSecond } from "./price.ts";
import { scriptSchema } from "./scripts.ts";
import { usageLiesSchema } from "./usage.ts";

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: "input" });

const routes = {
	"GET /control": "this page",
	"GET /control/settings": "what holds now, with balance and renders under way",
	"PUT /control/defaults":
		"lays a behaviour over the defaults; answers settings",
	"GET /control/scripts": "the queue of scripts",
	"POST /control/scripts": "queues one script, or a list of them",
	"DELETE /control/scripts": "empties the queue",
	"POST /control/balance": '{"set": points} or {"add": points}',
	"PUT /control/usage":
		"what GET /api/v1/usage says that is not so; {} is the truth again",
	"POST /control/reset":
		"back to the start: drops renders, callbacks, scripts, ledger",
	"GET /control/ledger":
		"posts, callbacks, totals; ?task_id= ?prompt= ?after= ?limit=",
};

const examples = {
	"PUT /control/defaults": {
		answer: "immediate",
		render_ms: 500,
		rate: "off",
		callback: { shape: "B", duplicates: 2 },
	},
	"POST /control/scripts": [
		{ times: 3, behaviour: { fault: "http_429", retry_after: 2 } },
		{
			match: { prompt: "boat" },
			behaviour: { fault: "reset_after_taken", render_ms: 100 },
		},
		{
			every: 20,
			times: "always",
			behaviour: { callback: { lose: true } },
		},
	],
	"PUT /control/usage": {
		invent: [{ cost_points: 70 }],
		hide: ["a-task-id"],
		shape: "data_list",
	},
	prompt: 'A paper boat [[sim: {"fault":"http_500"}]]',
	header: 'x-simulator: {"callback":{"early":true}}',
};

/** What the control route says about itself, made from the schemas it checks with. */
export function describeControl(): Record<string, unknown> {
	return {
		routes,
		precedence:
			"defaults, then the first script that matches, then the header x-simulator, then the marker at the end of the prompt; each is laid over the one before, field by field",
		echoes:
			"in a behaviour's texts {callback_url} and {authorization} stand for what the request said",
		order:
			"key, rate, behaviour, a fault that is not taken, validation, concurrency, balance, then the task",
		faults,
		callback_shapes: callbackShapeNames,
		malformed: malformedNames,
		faithful_defaults: faithful,
		points_per_second: pointsPerSecond,
		ledger_bound: ledgerBound,
		examples,
		schemas: {
			behaviour: schemaOf(behaviourPatchSchema),
			defaults: schemaOf(defaultsPatchSchema),
			script: schemaOf(scriptSchema),
			balance: schemaOf(balanceSchema),
			usage: schemaOf(usageLiesSchema),
			ledger_query: schemaOf(ledgerQuerySchema),
		},
	};
}
