import { defineConfig } from "prisma/config";

// Reelay applies its migrations itself (src/migrate.ts). The address is for
// those who run Prisma's own command line beside it.
const url = process.env.DATABASE_URL;

export default defineConfig({
	schema: "schema.prisma",
	migrations: { path: "migrations" },
	...(url ? { datasource: { url } } : {}),
});
