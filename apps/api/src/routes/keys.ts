import {
	createKeySchema,
	listKeysSchema,
	patchKeySchema,
	rotateKeySchema,
} from "@reelay/shared/contracts/key-api";
import { presentKey } from "@reelay/shared/contracts/key-view";
import type { Database } from "@reelay/shared/store/database";
import { listKeys } from "@reelay/shared/store/keys";
import { type Request, type Response, Router } from "express";
import {
	type Actor,
	type CreatedKey,
	createKey,
	endKey,
	type KeyChange,
	type KeyDeps,
	patchKey,
	replaceKey,
} from "../change-key.ts";
import { openCursor } from "../cursor.ts";
import { ownerOf, requireScope } from "../middleware/authenticate.ts";
import { allowJson, requireJson } from "../middleware/require-json.ts";
import { getKey, pathId } from "../owned.ts";
import { cursorPage } from "../page.ts";
import { parseBody, parseQuery } from "../parse.ts";

export type KeyRoutesDeps = KeyDeps & { reads: Database };

/** The routes of /v1/keys: make, list, read, change, rotate and revoke the keys of one's own tenant. */
export function keyRoutes(deps: KeyRoutesDeps): Router {
	const router = Router();
	router.use(requireScope("admin"));

	router.post("/", requireJson, async (req, res) => {
		const body = parseBody(createKeySchema, req.body);
		const { tenantId } = ownerOf(res);
		const actor = actorOf(res);
		showOnce(res, await createKey(deps, { tenantId, actor }, body));
	});

	router.get("/", async (req, res) => {
		const query = parseQuery(listKeysSchema, req.query);
		const found = await listKeys(deps.reads, {
			tenantId: ownerOf(res).tenantId,
			beforeId: openCursor("key", query.cursor),
			limit: query.limit + 1,
		});
		res.json(cursorPage(found, { limit: query.limit, present: presentKey }));
	});

	router.get("/:id", async (req, res) => {
		res.json(presentKey(await getKey(deps.reads, req, res)));
	});

	router.patch("/:id", requireJson, async (req, res) => {
		const body = parseBody(patchKeySchema, req.body);
		res.json(presentKey(await patchKey(deps, changeOf(req, res), body)));
	});

	router.delete("/:id", async (req, res) => {
		await endKey(deps, changeOf(req, res));
		res.status(204).end();
	});

	router.post("/:id/rotate", allowJson, async (req, res) => {
		const body = parseBody(rotateKeySchema, req.body ?? {});
		showOnce(res, await replaceKey(deps, changeOf(req, res), body));
	});

	return router;
}

/** Who a request acts for, as the audit log and the rules about scopes have it. */
export function actorOf(res: Response): Actor {
	const { keyId, scopes } = ownerOf(res);
	return { id: keyId, scopes };
}

/** Answers with a key that was just made. Nobody between may keep it. */
export function showOnce(res: Response, { record, key }: CreatedKey): void {
	res.status(201).location(`/v1/keys/${record.id}`);
	res.set("Cache-Control", "no-store");
	res.json({ ...presentKey(record), key });
}

function changeOf(req: Request, res: Response): KeyChange {
	return { ...pathId("key", req, res), actor: actorOf(res) };
}
