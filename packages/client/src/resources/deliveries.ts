import type { Delivery, DeliveryWithAttempts } from "../generated/api.ts";
import type { RequestOptions, Transport } from "../transport/transport.ts";

/** What `reelay.deliveries` can do. */
export type Deliveries = ReturnType<typeof createDeliveries>;

/** The routes of /v1/deliveries. */
export function createDeliveries(transport: Transport) {
	return {
		/** One delivery with every attempt. */
		async get(
			id: string,
			options?: RequestOptions,
		): Promise<DeliveryWithAttempts> {
			const answer = await transport.call(
				"getDelivery",
				{ path: { id } },
				options,
			);
			return answer.body;
		},

		/** Sends it again now, with a whole schedule before it. */
		async redeliver(id: string, options?: RequestOptions): Promise<Delivery> {
			return (await transport.call("redeliver", { path: { id } }, options))
				.body;
		},
	};
}
