import type { Command } from "../command.ts";
import { type Finding, runChecks } from "../doctor/checks.ts";
import { exitCodes } from "../exit-code.ts";
import { plain, type Style } from "../terminal.ts";

const styles: Readonly<Record<Finding["result"], Style>> = {
	ok: "green",
	warning: "yellow",
	failed: "red",
	skipped: "dim",
};

/** `reelay doctor`: looks at everything that has to be right, and says what to change. */
export const doctor: Command = {
	name: "doctor",
	takes: "",
	arity: { min: 0, max: 0 },
	summary: "Looks for what is wrong, and says what to change",
	details: [
		"Reads, and changes nothing. What depends on something that failed is skipped.",
	],
	flags: {
		"worker-url": {
			type: "string",
			value: "URL",
			help: "the worker's own address, http://127.0.0.1:3002",
		},
		"receiver-url": {
			type: "string",
			value: "URL",
			help: "the receiver's own address, http://127.0.0.1:3001",
		},
	},
	async run({ terminal, isJson, signal, settings, flags }) {
		const findings = await runChecks({
			settings,
			signal,
			workerUrl: flags.text("worker-url") ?? null,
			receiverUrl: flags.text("receiver-url") ?? null,
			tell(finding) {
				if (isJson) return terminal.out(JSON.stringify(finding));
				const { name, result, detail, fix } = finding;
				const word = terminal.style(styles[result], result.padEnd(7));
				terminal.out(`${word}  ${name.padEnd(16)}  ${plain(detail)}`);
				if (fix !== null) terminal.out(`${" ".repeat(27)}${plain(fix)}`);
			},
		});
		const isBad = findings.some(({ result }) => result === "failed");
		return isBad ? exitCodes.failed : exitCodes.ok;
	},
};
