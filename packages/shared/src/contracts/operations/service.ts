import { z } from "zod";
import type { Operation } from "./operation.ts";

const tag = "Service";

const aliveSchema = z
	.strictObject({ status: z.literal("ok") })
	.meta({ id: "Alive" });

const readinessSchema = z
	.strictObject({
		status: z.enum(["ok", "unavailable", "stopping"]),
		checks: z.record(z.string(), z.string()).optional().meta({
			description: "ok, or a sentence that says what is down.",
		}),
		notes: z.record(z.string(), z.string()).optional().meta({
			description: "What is told, but is no reason to take it out of service.",
		}),
	})
	.meta({ id: "Readiness" });

const getHealth: Operation = {
	id: "getHealth",
	method: "get",
	route: "/healthz",
	tag,
	summary: "Tell that the process is alive",
	scope: "none",
	answers: [
		{
			status: 200,
			description: "It is.",
			schema: aliveSchema,
			headers: ["Cache-Control"],
		},
	],
	examples: [{ summary: "Alive", status: 200, answer: { status: "ok" } }],
};

const getReadiness: Operation = {
	id: "getReadiness",
	method: "get",
	route: "/readyz",
	tag,
	summary: "Tell whether the process can serve, or what is down",
	scope: "none",
	answers: [
		{
			status: 200,
			description: "It can.",
			schema: readinessSchema,
			headers: ["Cache-Control"],
		},
		{
			status: 503,
			description: "It cannot, or it is stopping.",
			schema: readinessSchema,
			headers: ["Cache-Control"],
		},
	],
	examples: [
		{
			summary: "Ready",
			status: 200,
			answer: { status: "ok", checks: { database: "ok" } },
		},
	],
};

const getMetrics: Operation = {
	id: "getMetrics",
	method: "get",
	route: "/metrics",
	tag,
	summary: "Read the process's metrics",
	scope: "none",
	answers: [
		{
			status: 200,
			description: "Prometheus' text format.",
			schema: z.string(),
			mediaType: "text/plain",
		},
	],
	examples: [{ summary: "All of them", status: 200 }],
};

const getOpenApi: Operation = {
	id: "getOpenApi",
	method: "get",
	route: "/openapi.json",
	tag,
	summary: "Read this document",
	description: "Give the ETag as If-None-Match to hear of changes alone.",
	scope: "none",
	answers: [
		{
			status: 200,
			description: "OpenAPI 3.1.",
			schema: z.looseObject({ openapi: z.string() }),
			headers: ["ETag", "Cache-Control"],
		},
		{
			status: 304,
			description: "It is the one of If-None-Match.",
			headers: ["ETag", "Cache-Control"],
		},
	],
	examples: [{ summary: "The document", status: 200 }],
};

const getDocs: Operation = {
	id: "getDocs",
	method: "get",
	route: "/docs",
	tag,
	summary: "Read this document as a page",
	description: "It loads nothing from another host, and needs no script.",
	scope: "none",
	answers: [
		{
			status: 200,
			description: "The page.",
			schema: z.string(),
			mediaType: "text/html",
			headers: ["ETag", "Cache-Control"],
		},
		{
			status: 304,
			description: "It is the one of If-None-Match.",
			headers: ["ETag", "Cache-Control"],
		},
	],
	examples: [{ summary: "The page", status: 200 }],
};

/** The operations that need no key. */
export const serviceOperations: readonly Operation[] = [
	getHealth,
	getReadiness,
	getMetrics,
	getOpenApi,
	getDocs,
];
