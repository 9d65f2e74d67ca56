import type { ChargeRecord } from "@reelay/shared/store/charges";
import type { Spend } from "./parse-account.ts";
import type { Reconciled } from "./reconcile.ts";

/** The report as lines for a person. */
export function describe(report: Reconciled): string[] {
	const { comparison, sums, balance } = report;
	const { totals, open } = comparison;
	const time = `${report.from.toISOString()} to ${report.until.toISOString()}`;
	const ours = `${totals.charged} points charged, ${totals.possible} possible`;
	const end = [
		...(balance === null ? [] : [`Balance: ${balance} points.`]),
		report.agrees ? "Both agree." : "They differ.",
	];
	if (sums !== null) {
		const summed = sums.reduce((total, { points }) => total + points, 0);
		return [
			`${time}: the provider names no tasks, and says ${summed} points; we say ${ours}.`,
			...end,
		];
	}
	return [
		...comparison.spendsWithoutSubmission.map(
			(spend) => `spent without a submission  ${describeSpend(spend)}`,
		),
		...comparison.chargesWithoutSpend.map(
			(charge) =>
				`charged, and not spent      ${describeCharge(charge)}  ${charge.points ?? "unknown"} points`,
		),
		...comparison.differing.map(
			({ spend, charge, ours: known }) =>
				`other points                ${describeCharge(charge)}  ${spend.points}, and not ${known ?? charge.charged}`,
		),
		...open.map(
			({ spend, charge }) =>
				`spent, and not ended here   ${describeCharge(charge)}  ${spend.points} points`,
		),
		`${time}: the provider says ${totals.spent} points; we say ${ours}; ${comparison.agreed} submissions agree.`,
		...end,
	];
}

const describeSpend = ({ ids, points, at, raw }: Spend) =>
	`${ids[0] ?? "no id"}  ${at?.toISOString() ?? "no time"}  ${points} points  ${printable(JSON.stringify(raw))}`;
const describeCharge = ({ id, job_id, task_id, intent_at }: ChargeRecord) =>
	`${id}  ${job_id}  ${printable(task_id ?? "no task id")}  ${intent_at.toISOString()}`;

/** A stranger's text may hold what a terminal would obey. */
function printable(text: string): string {
	return text.replaceAll(/[\p{C}\u2028\u2029]+/gu, " ").slice(0, 500);
}
