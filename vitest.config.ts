import { defineConfig } from "vitest/config";

// Workspace packages resolve to their sources: a test never sees a stale
// build. The rest are Vite's own defaults for code that runs in Node.
const conditions = [
	"reelay-source",
	"module",
	"node",
	"development|production",
];

export default defineConfig({
	resolve: { conditions },
	ssr: { resolve: { conditions } },
	// The global setup runs in an environment of its own.
	environments: { __vitest__: { resolve: { conditions } } },
	test: {
		pool: "forks",
		maxWorkers: 2,
		provide: {
			redisUrl: process.env.REDIS_URL ?? "",
			isContinuousIntegration: process.env.CI === "true",
			faultReport: process.env.FAULT_REPORT ?? "",
			chaosSeconds: Number(process.env.CHAOS_SECONDS ?? 20),
			chaosSeed: Number(process.env.CHAOS_SEED ?? Date.now() % 2 ** 31),
			soakSeconds: Number(process.env.SOAK_SECONDS ?? 60),
			sigterms: Number(process.env.SIGTERMS ?? 5),
			fullLength: process.env.FULL_LENGTH === "true",
			backlog: Number(process.env.BACKLOG ?? 3_000),
			browser: {
				chromiumPath: process.env.CHROMIUM ?? "",
				searchPath: process.env.PATH ?? "",
			},
			fuzzRequests: Number(process.env.FUZZ_REQUESTS ?? 600),
			fuzzSeed: Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31),
			rollingFrom: process.env.ROLLING_FROM ?? "",
			listRows: Number(process.env.LIST_ROWS ?? 20_000),
			growthRows: Number(process.env.GROWTH_ROWS ?? 20_000),
			listReport: process.env.LIST_REPORT ?? "",
			pinnedSeconds: Number(process.env.PINNED_SECONDS ?? 40),
		},
		projects: [
			{
				extends: true,
				test: {
					name: "unit",
					include: [
						"apps/*/src/**/*.test.ts",
						"packages/*/src/**/*.test.ts",
						"prisma/src/**/*.test.ts",
						"bench/src/**/*.test.ts",
					],
					globalSetup: ["packages/stack/src/testing/postgres-setup.ts"],
					testTimeout: 20_000,
					hookTimeout: 60_000,
				},
			},
			{
				extends: true,
				test: {
					name: "journeys",
					include: ["packages/stack/src/journeys/**/*.journey.ts"],
					// Each file starts the whole stack; two at once would only measure
					// how slow the machine is.
					fileParallelism: false,
					sequence: { groupOrder: 1 },
					testTimeout: 180_000,
					hookTimeout: 180_000,
				},
			},
			{
				extends: true,
				test: {
					name: "faults",
					include: ["packages/stack/src/faults/**/*.fault.ts"],
					fileParallelism: false,
					sequence: { groupOrder: 2 },
					// What lasts five minutes at full length needs more than that.
					testTimeout: process.env.FULL_LENGTH === "true" ? 900_000 : 300_000,
					hookTimeout: 180_000,
				},
			},
		],
	},
});
