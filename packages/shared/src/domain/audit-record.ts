/** One line of a tenant's audit log: who did what to what. */
export type AuditRecord = {
	id: bigint;
	/** The id of a key, or the name of a command or a process. */
	actor: string;
	action: string;
	target: string;
	data: unknown;
	at: Date;
};
