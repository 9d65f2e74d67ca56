import { createKeySchema } from "@reelay/shared/contracts/key-api";
import {
	createTenantSchema,
	listTenantsSchema,
	patchTenantSchema,
} from "@reelay/shared/contracts/tenant-api";
import { presentTenant } from "@reelay/shared/contracts/tenant-view";
import type { Keyring } from "@reelay/shared/signing/keyring";
import type { Database } from "@reelay/shared/store/database";
import { listTenants } from "@reelay/shared/store/tenants";
import { Router } from "express";
import { createKey } from "../change-key.ts";
import { createTenant, patchTenant } from "../change-tenant.ts";
import { openCursor } from "../cursor.ts";
import { requireScope } from "../middleware/authenticate.ts";
import { requireJson } from "../middleware/require-json.ts";
import { getTenant, pathId } from "../owned.ts";
import { cursorPage } from "../page.ts";
import { parseBody, parseQuery } from "../parse.ts";
import { actorOf, showOnce } from "./keys.ts";

export type TenantRoutesDeps = {
	db: Database;
	reads: Database;
	keyring: Keyring;
};

/** The routes of /v1/tenants: operators make tenants, change them, and give each a key. */
export function tenantRoutes(deps: TenantRoutesDeps): Router {
	const router = Router();
	router.use(requireScope("operator"));

	router.post("/", requireJson, async (req, res) => {
		const body = parseBody(createTenantSchema, req.body);
		const { tenant, webhookSecret } = await createTenant(
			deps,
			actorOf(res),
			body,
		);
		res.status(201).location(`/v1/tenants/${tenant.id}`);
		res.set("Cache-Control", "no-store");
		res.json({ ...presentTenant(tenant), webhook_secret: webhookSecret });
	});

	router.get("/", async (req, res) => {
		const query = parseQuery(listTenantsSchema, req.query);
		const found = await listTenants(deps.reads, {
			beforeId: openCursor("tenant", query.cursor),
			limit: query.limit + 1,
		});
		res.json(cursorPage(found, { limit: query.limit, present: presentTenant }));
	});

	router.get("/:id", async (req, res) => {
		res.json(presentTenant(await getTenant(deps.reads, req, res)));
	});

	router.patch("/:id", requireJson, async (req, res) => {
		const body = parseBody(patchTenantSchema, req.body);
		const { id } = pathId("tenant", req, res);
		const change = { id, actor: actorOf(res) };
		res.json(presentTenant(await patchTenant(deps, change, body)));
	});

	router.post("/:id/keys", requireJson, async (req, res) => {
		const body = parseBody(createKeySchema, req.body);
		const { id } = await getTenant(deps.db, req, res);
		const about = { tenantId: id, actor: actorOf(res) };
		showOnce(res, await createKey(deps, about, body));
	});

	return router;
}
