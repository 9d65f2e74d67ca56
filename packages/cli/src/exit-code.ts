import { ReelayError } from "@reelay/client";

/** What the process ends with; scripts decide by it. README has the same table. */
export const exitCodes = {
	ok: 0,
	/** The job has ended without a video, a delivery failed, or doctor found something. */
	failed: 1,
	/** The command line is wrong; nothing was sent. */
	usage: 2,
	/** No answer, not Reelay's, or not for this key. */
	unreachable: 3,
	/** The API refuses this request. */
	refused: 4,
	/** --timeout is over; the job goes on. */
	waiting: 5,
	/** Ctrl-C. */
	interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A command line that cannot be carried out; the message says what to change. */
export class UsageError extends Error {
	override readonly name = "UsageError";
}

const codesOfErrors: Readonly<Record<string, ExitCode>> = {
	aborted: exitCodes.interrupted,
	wait_timeout: exitCodes.waiting,
	connection_failed: exitCodes.unreachable,
	timeout: exitCodes.unreachable,
	unexpected_answer: exitCodes.unreachable,
	unauthorized: exitCodes.unreachable,
	forbidden: exitCodes.unreachable,
};

/** What an error ends the process with; null for one that is a mistake of ours. */
export function exitCodeOf(error: unknown): ExitCode | null {
	if (error instanceof UsageError) return exitCodes.usage;
	if (!(error instanceof ReelayError)) return null;
	const isTheirs = error.status !== null && error.status >= 500;
	return (
		codesOfErrors[error.code] ??
		(isTheirs ? exitCodes.unreachable : exitCodes.refused)
	);
}
