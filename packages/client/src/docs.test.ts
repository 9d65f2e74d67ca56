import { readFileSync } from "node:fs";
import { type EventType, eventTypes } from "@reelay/shared/domain/event";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
	clientErrorCodes,
	type KnownWebhookEventType,
	webhookErrorCodes,
	webhookEventTypes,
} from "./index.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

describe("README.md", () => {
	it("explains every code, and no other", () => {
		const section = readme
			.split(/\n##+ /)
			.find((text) => text.startsWith("When"));

		const codes = [...(section ?? "").matchAll(/^\| `(\w+)` \|/gm)];

		expect(codes.map(([, code]) => code)).toEqual([...webhookErrorCodes]);
	});

	it("explains every code of the client's own", () => {
		const codes = [...readme.matchAll(/^\| `Reelay\w+` \| `(\w+)` \|/gm)];

		expect(codes.map(([, code]) => code).sort()).toEqual(
			[...clientErrorCodes].sort(),
		);
	});

	it("names every type of event", () => {
		const row = readme.split("\n").find((line) => line.startsWith("| `type`"));

		const types = [...(row ?? "").matchAll(/`(\w+\.\w+)`/g)];

		expect(types.map(([, type]) => type)).toEqual([...webhookEventTypes]);
	});
});

describe("webhookEventTypes", () => {
	it("has every type that Reelay sends", () => {
		expect(webhookEventTypes).toEqual(expect.arrayContaining([...eventTypes]));
		expectTypeOf<EventType>().toExtend<KnownWebhookEventType>();
	});
});
