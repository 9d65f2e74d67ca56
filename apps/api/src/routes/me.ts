import { presentKey } from "@reelay/shared/contracts/key-view";
import type { Database } from "@reelay/shared/store/database";
import { findKey } from "@reelay/shared/store/keys";
import { findTenant } from "@reelay/shared/store/tenants";
import { Router } from "express";
import { ownerOf } from "../middleware/authenticate.ts";
import { noSuch } from "../problem.ts";

/** The route of /v1/me: whom the key speaks for. */
export function meRoutes({ reads }: { reads: Database }): Router {
	const router = Router();
	router.get("/", async (_req, res) => {
		const { tenantId, keyId } = ownerOf(res);
		const [key, tenant] = await Promise.all([
			findKey(reads, tenantId, keyId),
			findTenant(reads, tenantId),
		]);
		// Neither is ever deleted.
		if (key === null || tenant === null) throw noSuch("key");
		res.json({
			key: presentKey(key),
			tenant: {
				id: tenant.id,
				name: tenant.name,
				disabled_at: tenant.disabled_at?.toISOString() ?? null,
			},
		});
	});
	return router;
}
