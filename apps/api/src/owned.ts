import {
	type CallbackRecord,
	parseCallbackId,
} from "@reelay/shared/domain/callback-record";
import type { TenantRecord } from "@reelay/shared/domain/tenant-record";
import { type IdOf, isId } from "@reelay/shared/runtime/ids";
import { findBatch } from "@reelay/shared/store/batches";
import { findCallback } from "@reelay/shared/store/callbacks";
import type { Database } from "@reelay/shared/store/database";
import { findDelivery, findEvent } from "@reelay/shared/store/delivery-log";
import { findEndpoint } from "@reelay/shared/store/endpoints";
import { findJob } from "@reelay/shared/store/jobs";
import { findKey } from "@reelay/shared/store/keys";
import { findReplay } from "@reelay/shared/store/replays";
import { findTenant } from "@reelay/shared/store/tenants";
import type { Request, Response } from "express";
import { ownerOf } from "./middleware/authenticate.ts";
import { noSuch } from "./problem.ts";

/** The id in the path and its caller's tenant; what is no id is as unknown as one that never was. */
export function pathId(
	kind: keyof IdOf,
	req: Request,
	res: Response,
): { tenantId: string; id: string } {
	const id = String(req.params.id);
	if (!isId(kind, id)) throw noSuch(kind);
	return { tenantId: ownerOf(res).tenantId, id };
}

type Find<T> = (
	db: Database,
	tenantId: string,
	id: string,
) => Promise<T | null>;

/** Finds what the path names and the caller owns; another tenant's id is as unknown as one that never was. */
const ownedBy =
	<T>(kind: keyof IdOf, find: Find<T>) =>
	async (db: Database, req: Request, res: Response): Promise<T> => {
		const { tenantId, id } = pathId(kind, req, res);
		const found = await find(db, tenantId, id);
		if (found === null) throw noSuch(kind);
		return found;
	};

export const getJob = ownedBy("job", findJob);
export const getBatch = ownedBy("batch", findBatch);
export const getEndpoint = ownedBy("endpoint", findEndpoint);
export const getDelivery = ownedBy("delivery", findDelivery);
export const getEvent = ownedBy("event", findEvent);
export const getKey = ownedBy("key", findKey);
export const getReplay = ownedBy("replay", findReplay);

/** The tenant that the path names; operators alone ask, and to them none is another's. */
export async function getTenant(
	db: Database,
	req: Request,
	res: Response,
): Promise<TenantRecord> {
	const found = await findTenant(db, pathId("tenant", req, res).id);
	if (found === null) throw noSuch("tenant");
	return found;
}

/** The callback that the path names, of a job of the caller's. */
export async function getCallback(
	db: Database,
	req: Request,
	res: Response,
): Promise<CallbackRecord> {
	const id = parseCallbackId(String(req.params.id));
	const found =
		id === null ? null : await findCallback(db, ownerOf(res).tenantId, id);
	if (found === null) throw noSuch("callback");
	return found;
}
