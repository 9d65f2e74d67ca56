import {
	createKeySchema,
	rotateKeySchema,
} from "@reelay/shared/contracts/key-api";
import { presentKey } from "@reelay/shared/contracts/key-view";
import {
	defaultKeyOverlapS,
	type KeyRecord,
} from "@reelay/shared/domain/key-record";
import { allScopes } from "@reelay/shared/domain/scope";
import { databaseUrl } from "@reelay/shared/runtime/settings";
import type { Database } from "@reelay/shared/store/database";
import { findKeysCalled, listKeys } from "@reelay/shared/store/keys";
import { listTenants } from "@reelay/shared/store/tenants";
import { z } from "zod";
import {
	type CreatedKey,
	createKey,
	endKey,
	type KeyChange,
	replaceKey,
} from "../change-key.ts";
import { parseDuration, parseEnd } from "../command/duration.ts";
import {
	type Command,
	commandActor,
	type Outcome,
} from "../command/run-command.ts";
import { renderTable } from "../command/table.ts";
import { getTenantCalled } from "../command/tenant-called.ts";
import type { Words } from "../command/words.ts";
import { parseBody } from "../parse.ts";

const schema = z.object({ DATABASE_URL: databaseUrl });
const pageLength = 100;

const usage = `API keys, of every tenant: DATABASE_URL=… npm run --silent keys -- <verb> [options]

  create --tenant <name|id> --name <text> --scopes <a,b> [--expires <when>]
                            makes a key and shows it, this once
  list [--tenant <name|id>] shows the keys, newest first, also those that have ended
  revoke <id|prefix>        ends a key; within 5 s it opens nothing
  rotate <id|prefix> [--overlap <time>] [--expires <when>]
                            makes a key like this one, which goes on for the overlap: 1d, if it is not said

  scopes: ${allScopes.join(", ")}
  a time is 90d, 12h, 30m or 45s, and <when> such a time from now or an instant such as 2027-01-31
  --json                    prints JSON instead of text
  --help                    prints this

Ends with 0 when it is done, 1 when it could not be, 2 when it was asked for what there is not.`;

/** The command `keys`, by the use cases of the routes: what those refuse is refused here. */
export const keysCommand: Command<typeof schema> = {
	name: "keys",
	usage,
	verbs: {
		create: { needs: ["tenant", "name", "scopes"], takes: ["expires"] },
		list: { takes: ["tenant"] },
		revoke: { subject: "<id|prefix>" },
		rotate: { subject: "<id|prefix>", takes: ["overlap", "expires"] },
	},
	schema,
	async run({ db, words }) {
		if (words.verb === "create") return create(db, words);
		if (words.verb === "list") return list(db, words);
		const key = await getKeyCalled(db, words.subject);
		const change = {
			tenantId: key.tenant_id,
			id: key.id,
			actor: commandActor,
		};
		return words.verb === "revoke"
			? revoke(db, key, change)
			: rotate(db, words, change);
	},
};

async function create(db: Database, { options }: Words): Promise<Outcome> {
	const body = parseBody(createKeySchema, {
		name: options.name,
		scopes: options.scopes?.split(",").map((scope) => scope.trim()),
		expires_at: parseEnd("expires", options.expires, new Date()),
	});
	const { id } = await getTenantCalled(db, options.tenant ?? "");
	const about = { tenantId: id, actor: commandActor };
	return shown(await createKey({ db }, about, body));
}

async function rotate(
	db: Database,
	{ options: { overlap, expires } }: Words,
	change: KeyChange,
): Promise<Outcome> {
	const body = parseBody(rotateKeySchema, {
		overlap_s:
			overlap === undefined
				? defaultKeyOverlapS
				: parseDuration("overlap", overlap),
		expires_at: parseEnd("expires", expires, new Date()),
	});
	return shown(await replaceKey({ db }, change, body));
}

async function revoke(
	db: Database,
	key: KeyRecord,
	change: KeyChange,
): Promise<Outcome> {
	await endKey({ db }, change);
	return {
		json: { id: key.id, prefix: key.prefix, revoked: true },
		text: `${key.id} (${key.name}, ${key.prefix}…) is revoked, and opens nothing within 5 s.`,
	};
}

async function list(db: Database, { options }: Words): Promise<Outcome> {
	const tenant =
		options.tenant === undefined
			? null
			: await getTenantCalled(db, options.tenant);
	const names = new Map(
		(await listTenants(db, { beforeId: null, limit: null })).map((one) => [
			one.id,
			one.name,
		]),
	);
	const keys = await listAllKeys(db, tenant?.id ?? null);
	const views = keys.map((key) => ({
		tenant: names.get(key.tenant_id) ?? key.tenant_id,
		...presentKey(key),
	}));
	const rows = views.map((view) => [
		view.id,
		view.tenant,
		view.name,
		`${view.prefix}…`,
		view.state,
		view.scopes.join(","),
		view.expires_at ?? "never",
		view.last_used_at ?? "never",
	]);
	const head = "id,tenant,name,key,state,scopes,expires,last used".split(",");
	return { json: views, text: renderTable(head, rows) };
}

async function listAllKeys(
	db: Database,
	tenantId: string | null,
): Promise<KeyRecord[]> {
	const all: KeyRecord[] = [];
	for (let beforeId: string | null = null; ; ) {
		const query = { tenantId, beforeId, limit: pageLength };
		const page: KeyRecord[] = await listKeys(db, query);
		all.push(...page);
		beforeId = page.at(-1)?.id ?? null;
		if (page.length < pageLength) return all;
	}
}

async function getKeyCalled(
	db: Database,
	idOrPrefix: string,
): Promise<KeyRecord> {
	const [key, ...others] = await findKeysCalled(db, idOrPrefix);
	if (key === undefined) {
		throw new Error(
			`No key has the id ${idOrPrefix} or begins with it: npm run keys -- list shows those that there are.`,
		);
	}
	if (others.length === 0) return key;
	const ids = [key, ...others].map(({ id, name }) => `${id} (${name})`);
	throw new Error(
		`Several keys begin with ${idOrPrefix}: say which by its id. ${ids.join(", ")}`,
	);
}

function shown({ record, key }: CreatedKey): Outcome {
	const view = presentKey(record);
	const end = view.expires_at === null ? "" : `, until ${view.expires_at}`;
	return {
		json: { ...view, key },
		text: `${key}\n\n${view.id} (${view.name}): ${view.scopes.join(", ")}${end}. The key is shown this once.`,
	};
}
