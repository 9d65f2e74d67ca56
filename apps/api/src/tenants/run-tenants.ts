import {
	createTenantSchema,
	patchTenantSchema,
} from "@reelay/shared/contracts/tenant-api";
import { presentTenant } from "@reelay/shared/contracts/tenant-view";
import type { TenantRecord } from "@reelay/shared/domain/tenant-record";
import { databaseUrl, encryptionKeys } from "@reelay/shared/runtime/settings";
import type { Keyring } from "@reelay/shared/signing/keyring";
import type { Database } from "@reelay/shared/store/database";
import { listTenants } from "@reelay/shared/store/tenants";
import { z } from "zod";
import { createTenant, patchTenant } from "../change-tenant.ts";
import {
	type Command,
	commandActor,
	type Outcome,
} from "../command/run-command.ts";
import { renderTable } from "../command/table.ts";
import { getTenantCalled } from "../command/tenant-called.ts";
import { UsageError, type Words } from "../command/words.ts";
import { parseBody } from "../parse.ts";

const schema = z.object({
	DATABASE_URL: databaseUrl,
	// Only who makes a tenant seals anything.
	ENCRYPTION_KEYS: encryptionKeys.optional(),
});

const usage = `Tenants: DATABASE_URL=… npm run --silent tenants -- <verb> [options]

  create --name <text> [--weight <n>] [--max-in-flight <n>]
                     makes a tenant, and shows the secret that signs its jobs' own webhooks; needs ENCRYPTION_KEYS too
  list               shows the tenants, newest first
  update <name|id> [--name <text>] [--weight <n>] [--max-in-flight <n>|none] [--disabled yes|no]
                     changes what is named; the keys of a disabled tenant may only read, and what it had queued goes on

  --json             prints JSON instead of text
  --help             prints this

npm run keys -- create makes a tenant's first key.
Ends with 0 when it is done, 1 when it could not be, 2 when it was asked for what there is not.`;

/** The command `tenants`, by the use cases of the routes: what those refuse is refused here. */
export const tenantsCommand: Command<typeof schema> = {
	name: "tenants",
	usage,
	verbs: {
		create: { needs: ["name"], takes: ["weight", "max-in-flight"] },
		list: {},
		update: {
			subject: "<name|id>",
			takes: ["name", "weight", "max-in-flight", "disabled"],
		},
	},
	schema,
	async run({ db, config, words }) {
		if (words.verb === "list") return list(db);
		if (words.verb === "update") return update(db, words);
		if (config.ENCRYPTION_KEYS === undefined) {
			throw new Error(
				"ENCRYPTION_KEYS is not set: the secret of the new tenant is sealed with it, as api and worker have it.",
			);
		}
		return create({ db, keyring: config.ENCRYPTION_KEYS }, words);
	},
};

async function create(
	deps: { db: Database; keyring: Keyring },
	{ options }: Words,
): Promise<Outcome> {
	const body = parseBody(createTenantSchema, fieldsOf(options));
	const { tenant, webhookSecret } = await createTenant(
		deps,
		commandActor,
		body,
	);
	const { id, name } = tenant;
	return {
		json: { ...presentTenant(tenant), webhook_secret: webhookSecret },
		text: `${webhookSecret}\n\n${id} (${name}). The secret signs what its jobs' own URLs are sent, and is shown this once.\nIts first key: npm run --silent keys -- create --tenant ${id} --name first --scopes admin,jobs:write,jobs:read,webhooks`,
	};
}

async function update(
	db: Database,
	{ subject, options }: Words,
): Promise<Outcome> {
	const disabled = options.disabled;
	if (disabled !== undefined && !["yes", "no"].includes(disabled)) {
		throw new UsageError("--disabled is yes or no.");
	}
	const body = parseBody(patchTenantSchema, {
		...fieldsOf(options),
		...(disabled === undefined ? {} : { disabled: disabled === "yes" }),
	});
	const { id } = await getTenantCalled(db, subject);
	const change = { id, actor: commandActor };
	const tenant = await patchTenant({ db }, change, body);
	return { json: presentTenant(tenant), text: tableOf([tenant]) };
}

async function list(db: Database): Promise<Outcome> {
	const tenants = await listTenants(db, { beforeId: null, limit: null });
	return { json: tenants.map(presentTenant), text: tableOf(tenants) };
}

function fieldsOf(options: Words["options"]): Record<string, unknown> {
	const limit = options["max-in-flight"];
	return {
		...(options.name === undefined ? {} : { name: options.name }),
		...(options.weight === undefined ? {} : { weight: Number(options.weight) }),
		...(limit === undefined
			? {}
			: { max_in_flight: limit === "none" ? null : Number(limit) }),
	};
}

function tableOf(tenants: readonly TenantRecord[]): string {
	const rows = tenants.map((tenant) => [
		tenant.id,
		tenant.name,
		String(tenant.weight),
		String(tenant.max_in_flight ?? "none"),
		tenant.disabled_at?.toISOString() ?? "no",
	]);
	const head = ["id", "name", "weight", "max in flight", "disabled"];
	return renderTable(head, rows);
}
