import type {
	Callback,
	CancelledJob,
	CreateJob,
	Job,
	JobPage,
	JobPreview,
	Operations,
	ResolveJob,
	RetryJob,
	Submission,
	TimelineEntry,
} from "../generated/api.ts";
import { type Paged, pagedByCursor, pagedByPlace } from "../paged.ts";
import { type FollowOptions, follow } from "../transport/follow.ts";
import type { RequestOptions, Transport } from "../transport/transport.ts";
import { type WaitOptions, waitForJob } from "../wait-for-job.ts";

export type ListJobs = Operations["listJobs"]["query"];
type Place = Operations["listJobSubmissions"]["query"];

export type CreateOptions = RequestOptions & {
	/** A name of your own for this request; without it one is made. For 24 hours the same key gives the same job. */
	idempotencyKey?: string | undefined;
};

/** A job, and how it came about. */
export type CreatedJob = Job & {
	/** Creating it again with this key and the same body gives this job. */
	idempotency_key: string;
	/** Whether an earlier request had made it already. */
	idempotency_replayed: boolean;
};

/** What `reelay.jobs` can do. */
export type Jobs = ReturnType<typeof createJobs>;

/** The routes of /v1/jobs. */
export function createJobs(transport: Transport) {
	const waitFor = (id: string, options?: WaitOptions): Promise<Job> =>
		waitForJob(transport, id, options);

	async function create(
		body: CreateJob,
		options: CreateOptions = {},
	): Promise<CreatedJob> {
		const answer = await transport.call("createJob", { body }, options);
		return {
			...answer.body,
			idempotency_key: answer.idempotencyKey ?? "",
			idempotency_replayed: answer.headers.get("idempotency-replayed") !== null,
		};
	}

	return {
		/**
		 * Accepts a job. It is safe to repeat, and is repeated by itself: every try has the same Idempotency-Key. An error
		 * carries the key, so that you can go on trying.
		 */
		create,

		/** The job as it is now. */
		async get(id: string, options?: RequestOptions): Promise<Job> {
			return (await transport.call("getJob", { path: { id } }, options)).body;
		},

		/** Your jobs, newest first. */
		list(query: ListJobs = {}, options?: RequestOptions): Paged<Job, JobPage> {
			return pagedByCursor<Job, ListJobs>(query, async (asked) => {
				const answer = await transport.call(
					"listJobs",
					{ query: asked },
					options,
				);
				return answer.body;
			});
		},

		/** Waits for the end of a job, and returns it in whatever state that is. An error carries the id. */
		waitFor,

		/** Accepts a job and waits for its end. `timeoutMs` is for the waiting; an error carries the id as soon as there is one. */
		async createAndWait(
			body: CreateJob,
			options: WaitOptions & Pick<CreateOptions, "idempotencyKey"> = {},
		): Promise<Job> {
			const { signal, idempotencyKey, ...wait } = options;
			const { id } = await create(body, { signal, idempotencyKey });
			return waitFor(id, { signal, ...wait });
		},

		/** The job's timeline as it grows, from its beginning or behind the entry `after`, to its end. */
		events(
			id: string,
			{ after, ...options }: FollowOptions & { after?: string } = {},
		): AsyncGenerator<TimelineEntry, void> {
			const input = { path: { id }, query: { after }, ...options };
			return follow<TimelineEntry, "listJobTimeline">(
				transport,
				"listJobTimeline",
				input,
			);
		},

		/** Ends a queued job at once and free of charge; `cancel` says the truth about one that was sent. */
		async cancel(id: string, options?: RequestOptions): Promise<CancelledJob> {
			const answer = await transport.call(
				"cancelJob",
				{ path: { id } },
				{ ...options, isRepeatable: true },
			);
			return answer.body;
		},

		/** Checks what `create` would, and creates nothing: the input in full, what is odd in it, and an estimate. */
		async validate(
			body: CreateJob,
			options?: RequestOptions,
		): Promise<JobPreview> {
			const repeatable = { ...options, isRepeatable: true };
			return (await transport.call("validateJob", { body }, repeatable)).body;
		},

		/** Accepts a job like one that has no video, with the changes. A job is tried again once, so asking twice gives one job. */
		async retry(
			id: string,
			body: RetryJob = {},
			options?: RequestOptions,
		): Promise<Job> {
			const repeatable = { ...options, isRepeatable: true };
			const input = { path: { id }, body };
			return (await transport.call("retryJob", input, repeatable)).body;
		},

		/** Erases what a job that has ended holds of yours, and returns what is left: what it cost. */
		async erase(id: string, options?: RequestOptions): Promise<Job> {
			return (await transport.call("eraseJob", { path: { id } }, options)).body;
		},

		/** An operator's word on a job whose outcome is unknown. */
		async resolve(
			id: string,
			body: ResolveJob,
			options?: RequestOptions,
		): Promise<Job> {
			const input = { path: { id }, body };
			return (await transport.call("resolveJob", input, options)).body;
		},

		/** Each POST to the provider for the job, and what it cost. */
		submissions(id: string, query: Place = {}, options?: RequestOptions) {
			return pagedByPlace<Submission, Place>(query, async (asked) => {
				const input = { path: { id }, query: asked };
				return (await transport.call("listJobSubmissions", input, options))
					.body;
			});
		},

		/** What the provider called back with. */
		callbacks(id: string, query: Place = {}, options?: RequestOptions) {
			return pagedByPlace<Callback, Place>(query, async (asked) => {
				const input = { path: { id }, query: asked };
				return (await transport.call("listJobCallbacks", input, options)).body;
			});
		},
	};
}
