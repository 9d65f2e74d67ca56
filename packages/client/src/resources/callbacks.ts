import type {
	CallbackReplay,
	CallbackReplays,
	Operations,
	OperatorsCallback,
	OperatorsCallbackList,
} from "../generated/api.ts";
import { type Paged, pagedByPlace } from "../paged.ts";
import type { RequestOptions, Transport } from "../transport/transport.ts";

export type ListCallbacks = Operations["listCallbacks"]["query"];
type ReplayOne = NonNullable<Operations["replayCallback"]["body"]>;
type ReplayMany = NonNullable<Operations["replayCallbacks"]["body"]>;

/** What `reelay.callbacks` can do. */
export type Callbacks = ReturnType<typeof createCallbacks>;

/** The routes of /v1/callbacks, which are an operator's. A replay counts once, however often it is asked for. */
export function createCallbacks(transport: Transport) {
	return {
		/** What was set aside, oldest first. */
		list(
			query: ListCallbacks = {},
			options?: RequestOptions,
		): Paged<OperatorsCallback, OperatorsCallbackList> {
			return pagedByPlace<OperatorsCallback, ListCallbacks>(
				query,
				async (asked) => {
					const input = { query: asked };
					return (await transport.call("listCallbacks", input, options)).body;
				},
			);
		},

		async get(
			id: string,
			options?: RequestOptions,
		): Promise<OperatorsCallback> {
			const answer = await transport.call(
				"getCallback",
				{ path: { id } },
				options,
			);
			return answer.body;
		},

		/** Reads it again, and applies it as if it had just come. */
		async replay(
			id: string,
			body: ReplayOne = {},
			options?: RequestOptions,
		): Promise<CallbackReplay> {
			const answer = await transport.call(
				"replayCallback",
				{ path: { id }, body },
				{ ...options, isRepeatable: true },
			);
			return answer.body;
		},

		/** The same for all that match. */
		async replayAll(
			body: ReplayMany = {},
			options?: RequestOptions,
		): Promise<CallbackReplays> {
			const repeatable = { ...options, isRepeatable: true };
			return (await transport.call("replayCallbacks", { body }, repeatable))
				.body;
		},
	};
}
