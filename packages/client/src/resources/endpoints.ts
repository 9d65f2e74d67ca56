import type {
	BeginReplay,
	CreatedEndpoint,
	CreatedSecret,
	CreateEndpoint,
	Delivery,
	DeliveryPage,
	Endpoint,
	Operations,
	PatchEndpoint,
	Replay,
	ReplayCount,
	RotateSecret,
	Secret,
	TestEndpoint,
	Tested,
} from "../generated/api.ts";
import { type Paged, pagedByCursor } from "../paged.ts";
import type { RequestOptions, Transport } from "../transport/transport.ts";

export type ListDeliveries = Operations["listDeliveries"]["query"];

// A test waits for its attempt for up to 18 s.
const testTimeoutMs = 40_000;

/** What `reelay.endpoints` can do. */
export type Endpoints = ReturnType<typeof createEndpoints>;

/** The routes of /v1/endpoints. What would be done twice if it were sent twice is sent once. */
export function createEndpoints(transport: Transport) {
	return {
		/** Makes an endpoint; the answer holds its secret, this once. */
		async create(
			body: CreateEndpoint,
			options?: RequestOptions,
		): Promise<CreatedEndpoint> {
			return (await transport.call("createEndpoint", { body }, options)).body;
		},

		async list(options?: RequestOptions): Promise<Endpoint[]> {
			return (await transport.call("listEndpoints", {}, options)).body.data;
		},

		async get(id: string, options?: RequestOptions): Promise<Endpoint> {
			const answer = await transport.call(
				"getEndpoint",
				{ path: { id } },
				options,
			);
			return answer.body;
		},

		/** Changes what the body names, and nothing else. */
		async update(
			id: string,
			body: PatchEndpoint,
			options?: RequestOptions,
		): Promise<Endpoint> {
			const input = { path: { id }, body };
			return (await transport.call("patchEndpoint", input, options)).body;
		},

		/** Deletes an endpoint; what it is still owed is given up. */
		async delete(id: string, options?: RequestOptions): Promise<void> {
			await transport.call("deleteEndpoint", { path: { id } }, options);
		},

		/** Sends a sample event, and answers with the attempt. */
		async test(
			id: string,
			body: TestEndpoint = {},
			options?: RequestOptions,
		): Promise<Tested> {
			const answer = await transport.call(
				"testEndpoint",
				{ path: { id }, body },
				{ timeoutMs: testTimeoutMs, ...options },
			);
			return answer.body;
		},

		/** Adds a secret, which the answer holds this once, and lets the former ones run out. */
		async rotateSecret(
			id: string,
			body: RotateSecret = {},
			options?: RequestOptions,
		): Promise<CreatedSecret> {
			const input = { path: { id }, body };
			return (await transport.call("addSecret", input, options)).body;
		},

		/** The secrets that sign now, without their values. */
		async secrets(id: string, options?: RequestOptions): Promise<Secret[]> {
			const answer = await transport.call(
				"listSecrets",
				{ path: { id } },
				options,
			);
			return answer.body.data;
		},

		/** Ends a secret at once. */
		async endSecret(
			id: string,
			secretId: string,
			options?: RequestOptions,
		): Promise<void> {
			await transport.call("endSecret", { path: { id, secretId } }, options);
		},

		/** What became of each event, newest first. */
		deliveries(
			id: string,
			query: ListDeliveries = {},
			options?: RequestOptions,
		): Paged<Delivery, DeliveryPage> {
			return pagedByCursor<Delivery, ListDeliveries>(query, async (asked) => {
				const input = { path: { id }, query: asked };
				return (await transport.call("listDeliveries", input, options)).body;
			});
		},

		/** Sends again what was owed in a time; with `dry_run` it only counts. */
		async replay(
			id: string,
			body: BeginReplay,
			options?: RequestOptions,
		): Promise<Replay | ReplayCount> {
			const input = { path: { id }, body };
			return (await transport.call("beginReplay", input, options)).body;
		},

		async replays(id: string, options?: RequestOptions): Promise<Replay[]> {
			const answer = await transport.call(
				"listReplays",
				{ path: { id } },
				options,
			);
			return answer.body.data;
		},
	};
}
