import { presentDelivery } from "@reelay/shared/contracts/delivery-view";
import {
	createEndpointSchema,
	listDeliveriesSchema,
	patchEndpointSchema,
	testEndpointSchema,
} from "@reelay/shared/contracts/endpoint-api";
import { presentEndpoint } from "@reelay/shared/contracts/endpoint-view";
import type { EndpointRecord } from "@reelay/shared/domain/endpoint-record";
import type { Ringer } from "@reelay/shared/queue/rings";
import type { Database } from "@reelay/shared/store/database";
import { listDeliveries } from "@reelay/shared/store/delivery-log";
import { deleteEndpoint, listEndpoints } from "@reelay/shared/store/endpoints";
import { Router } from "express";
import {
	createEndpoint,
	type EndpointDeps,
	headerNamesOf,
	patchEndpoint,
} from "../change-endpoint.ts";
import { openCursor } from "../cursor.ts";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { allowJson, requireJson } from "../middleware/require-json.ts";
import { getEndpoint, pathId } from "../owned.ts";
import { cursorPage } from "../page.ts";
import { parseBody, parseQuery } from "../parse.ts";
import { noSuch } from "../problem.ts";
import { testEndpoint } from "../test-endpoint.ts";

export type EndpointRoutesDeps = EndpointDeps & {
	reads: Database;
	reports: Database;
	ringer: Pick<Ringer, "enqueue">;
};

/** The routes of /v1/endpoints: make, change and delete them, send them a test, see their deliveries. */
export function endpointRoutes(deps: EndpointRoutesDeps): Router {
	const router = Router();
	const view = (endpoint: EndpointRecord) =>
		presentEndpoint(endpoint, headerNamesOf(endpoint, deps.keyring));
	router.use(requireScope("webhooks"));

	router.post("/", requireJson, async (req, res) => {
		const body = parseBody(createEndpointSchema, req.body);
		const { tenantId } = ownerOf(res);
		const { endpoint, secret } = await createEndpoint(deps, tenantId, body);
		res.status(201).location(`/v1/endpoints/${endpoint.id}`);
		res.json({ ...view(endpoint), secret });
	});

	router.get("/", async (_req, res) => {
		const endpoints = await listEndpoints(deps.db, ownerOf(res).tenantId);
		res.json({ data: endpoints.map(view) });
	});

	router.get("/:id", async (req, res) => {
		res.json(view(await getEndpoint(deps.db, req, res)));
	});

	router.patch("/:id", requireJson, async (req, res) => {
		const body = parseBody(patchEndpointSchema, req.body);
		res.json(
			view(await patchEndpoint(deps, pathId("endpoint", req, res), body)),
		);
	});

	router.delete("/:id", async (req, res) => {
		const { tenantId, id } = pathId("endpoint", req, res);
		if (!(await deleteEndpoint(deps.db, tenantId, id)))
			throw noSuch("endpoint");
		res.status(204).end();
	});

	router.post("/:id/test", allowJson, async (req, res) => {
		const { type } = parseBody(testEndpointSchema, req.body ?? {});
		const { tenantId, id } = pathId("endpoint", req, res);
		res.json(await testEndpoint(deps, { tenantId, endpointId: id, type }));
	});

	router.get("/:id/deliveries", async (req, res) => {
		const query = parseQuery(listDeliveriesSchema, req.query);
		const { id, tenant_id } = await getEndpoint(deps.reads, req, res);
		const found = await listDeliveries(deps.reports, {
			tenantId: tenant_id,
			endpointId: id,
			states: query.state,
			beforeId: openCursor("delivery", query.cursor),
			limit: query.limit + 1,
		});
		res.json(
			cursorPage(found, { limit: query.limit, present: presentDelivery }),
		);
	});

	return router;
}
