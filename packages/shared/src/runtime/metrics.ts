import type { RequestHandler } from "express";
import {
	Counter,
	collectDefaultMetrics,
	Gauge,
	Histogram,
	Registry,
} from "prom-client";
import { redactCallbackTokens } from "../signing/capability.ts";

/** The metrics of one process, in a registry of their own. */
export type Metrics = {
	registry: Registry;
	counter<Label extends string>(
		name: string,
		help: string,
		labels?: readonly Label[],
	): Counter<Label>;
	gauge<Label extends string>(
		name: string,
		help: string,
		labels?: readonly Label[],
	): Gauge<Label>;
	/** A gauge that is read whenever the metrics are collected; a read that fails leaves its last values. */
	watch<Label extends string>(
		name: string,
		help: string,
		watched: { label: Label; read: () => Promise<Record<string, number>> },
	): void;
	/** `buckets` are upper bounds in the unit that the name ends in. */
	histogram<Label extends string>(
		name: string,
		help: string,
		options?: { labels?: readonly Label[]; buckets?: number[] },
	): Histogram<Label>;
};

const prefix = "reelay_";

/**
 * Makes a registry with Node's default metrics, labelled with the process's
 * name. Our own names get the prefix `reelay_`; a name may be used once. Labels
 * take few values, never an id: each value is a series of its own.
 */
export function createMetrics(processName: string): Metrics {
	const registry = new Registry();
	registry.setDefaultLabels({ process: processName });
	collectDefaultMetrics({ register: registry });
	const base = (name: string, help: string) => ({
		name: prefix + name,
		help,
		registers: [registry],
	});
	return {
		registry,
		counter: (name, help, labelNames = []) =>
			new Counter({ ...base(name, help), labelNames }),
		gauge: (name, help, labelNames = []) =>
			new Gauge({ ...base(name, help), labelNames }),
		watch: (name, help, { label, read }) => {
			new Gauge({
				...base(name, help),
				labelNames: [label],
				async collect() {
					const values = await read().catch(() => null);
					if (values === null) return;
					this.reset();
					for (const [value, number] of Object.entries(values)) {
						this.set(
							{ [label]: value } as Record<typeof label, string>,
							number,
						);
					}
				},
			});
		},
		histogram: (name, help, { labels = [], buckets } = {}) =>
			new Histogram({
				...base(name, help),
				labelNames: labels,
				...(buckets === undefined ? {} : { buckets }),
			}),
	};
}

/** Answers with the registry's metrics in Prometheus's text format. */
export function metricsRoute(registry: Registry): RequestHandler {
	return async (_request, response) => {
		const text = await registry.metrics();
		response.set("content-type", registry.contentType);
		response.set("cache-control", "no-store");
		response.end(redactCallbackTokens(text));
	};
}
