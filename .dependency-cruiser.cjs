/**
 * Which room may import which. Each rule says why it exists; `npm run check:imports` refuses what breaks one.
 * Tests and benchmarks may reach into `testing`, and a `testing` folder may import anything.
 */
const tests =
	"\\.(test|journey|fault)\\.ts$|/testing/|/(journeys|faults)/|^bench/";

module.exports = {
	forbidden: [
		{
			name: "apps-never-import-each-other",
			comment:
				"The three processes are deployed, scaled and stopped apart; what two of them need lives in packages/shared.",
			severity: "error",
			from: { path: "^apps/([^/]+)/" },
			to: { path: "^apps/", pathNot: "^apps/$1/" },
		},
		{
			name: "domain-imports-nothing",
			comment:
				"Decisions are pure: no clock, no randomness, no I/O, no library. Pass in what a decision needs.",
			severity: "error",
			from: { path: "^packages/shared/src/domain/", pathNot: tests },
			to: { pathNot: "^packages/shared/src/domain/" },
		},
		{
			name: "contracts-import-domain-and-zod",
			comment:
				"A contract says what crosses a border; it knows no database, queue or process.",
			severity: "error",
			from: { path: "^packages/shared/src/contracts/", pathNot: tests },
			to: {
				pathNot: "^packages/shared/src/(contracts|domain)/|node_modules/zod/",
			},
		},
		{
			name: "store-imports-domain-and-prisma",
			comment: "The store writes what the domain decided, and nothing else.",
			severity: "error",
			from: { path: "^packages/shared/src/store/", pathNot: tests },
			to: {
				pathNot: "^packages/shared/src/(store|domain|gather)/|^prisma/src/",
			},
		},
		{
			name: "only-store-imports-prisma",
			comment:
				"Every write is a guarded statement of packages/shared/src/store; nobody else has a client in hand. The stack applies migrations.",
			severity: "error",
			from: {
				path: "^(apps|packages)/",
				pathNot: `^packages/shared/src/store/|^packages/stack/|${tests}`,
			},
			to: { path: "^prisma/|node_modules/@?prisma/" },
		},
		{
			name: "only-queue-imports-bullmq",
			comment:
				"BullMQ is a bell and carries no state; packages/shared/src/queue is the only room that touches it.",
			severity: "error",
			from: { pathNot: `^packages/shared/src/queue/|${tests}` },
			to: { path: "node_modules/(bullmq|ioredis)/" },
		},
		{
			name: "queue-imports-contracts",
			comment: "The bell knows rings, and neither rows nor requests.",
			severity: "error",
			from: { path: "^packages/shared/src/queue/", pathNot: tests },
			to: {
				path: "^packages/shared/src/|^prisma/",
				pathNot: "^packages/shared/src/(queue|contracts|gather)/",
			},
		},
		{
			name: "signing-imports-node-crypto",
			comment: "Signatures are pure functions of their arguments.",
			severity: "error",
			from: { path: "^packages/shared/src/signing/", pathNot: tests },
			to: { pathNot: "^packages/shared/src/signing/|^(node:)?crypto$" },
		},
		{
			name: "production-never-imports-testing",
			comment: "What only tests use must not reach a production image.",
			severity: "error",
			from: { pathNot: tests },
			to: { path: "/testing/|node_modules/(vitest|fast-check)/" },
		},
		{
			name: "simulator-stands-alone",
			comment:
				"The simulator is a witness against us, so it shares none of our code.",
			severity: "error",
			from: { path: "^packages/simulator/" },
			to: { path: "^(apps|prisma|packages/(shared|stack))/" },
		},
		{
			name: "client-imports-only-itself",
			comment:
				"The client is published and has no dependency: it runs at customers' with what Node brings.",
			severity: "error",
			// `codegen` writes the client's types from the contract before it is built, and is not published.
			from: {
				path: "^packages/client/src/",
				pathNot: `${tests}|^packages/client/src/codegen/`,
			},
			to: {
				pathNot: "^packages/client/src/",
				dependencyTypesNot: ["core"],
			},
		},
		{
			name: "cli-imports-only-the-client",
			comment:
				"What the command line can do, everybody can do with the client and a key.",
			severity: "error",
			from: { path: "^packages/cli/src/", pathNot: tests },
			to: {
				pathNot: "^packages/(cli|client)/src/",
				dependencyTypesNot: ["core"],
			},
		},
		{
			name: "nothing-imports-an-app",
			comment: "An app is started as a process, never called as a library.",
			severity: "error",
			from: { path: "^(packages|prisma)/" },
			to: { path: "^apps/" },
		},
		{
			name: "no-cycles",
			comment: "Data flows one way.",
			severity: "error",
			from: {},
			to: { circular: true },
		},
		{
			name: "no-unresolvable",
			comment: "A rule cannot judge an import that it cannot follow.",
			severity: "error",
			from: {},
			to: { couldNotResolve: true },
		},
	],
	options: {
		doNotFollow: { path: "node_modules" },
		exclude: { path: "(^|/)dist/|/generated/" },
		parser: "swc",
		tsPreCompilationDeps: true,
		enhancedResolveOptions: {
			conditionNames: ["reelay-source", "node", "import", "default", "types"],
			exportsFields: ["exports"],
			extensions: [".ts", ".js", ".mjs"],
		},
	},
};
