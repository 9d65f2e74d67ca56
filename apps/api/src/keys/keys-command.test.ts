import { hashApiKey } from "@reelay/shared/signing/api-key";
import { findApiKeyOwner } from "@reelay/shared/store/keys";
import { aTenant } from "@reelay/shared/testing/factories";
import { openTestStore, type TestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../command/run-command.ts";
import { keysCommand } from "./run-keys.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

async function keys(line: string, url = store.url) {
	const printed: string[] = [];
	const complaints: string[] = [];
	const code = await runCommand(keysCommand, {
		argv: line === "" ? [] : line.split(" "),
		env: { DATABASE_URL: url },
		print: (text) => printed.push(text),
		complain: (text) => complaints.push(text),
	});
	return { code, out: printed.join("\n"), err: complaints.join("\n") };
}
const scopes = "--scopes jobs:write,jobs:read";
async function aKey(more = "") {
	const { code, out, err } = await keys(
		`create --tenant default --name ci ${scopes} --json ${more}`.trim(),
	);
	if (code !== 0) throw new Error(err);
	return JSON.parse(out);
}
const ownerOf = (key: string) => findApiKeyOwner(store.db, hashApiKey(key));

describe("keys create", () => {
	it("makes a key for a tenant by its name or its id, which opens what it says, and is in the audit log", async () => {
		const tenantId = await aTenant(store);

		const named = await aKey("--expires 90d");
		const { code, out } = await keys(
			`create --tenant ${tenantId} --name ci --scopes operator,admin`,
		);

		expect(await ownerOf(named.key)).toMatchObject({
			tenantId: store.tenantId,
			scopes: ["jobs:write", "jobs:read"],
		});
		const days = (Date.parse(named.expires_at) - Date.now()) / 86_400_000;
		expect(days).toBeCloseTo(90, 1);
		const [key = ""] = out.split("\n");
		expect(code).toBe(0);
		expect(await ownerOf(key)).toMatchObject({
			tenantId,
			scopes: ["admin", "operator"],
		});
		const audited = await store.db.$queryRaw`
			select actor, action, tenant_id from audit where target = ${named.id}`;
		expect(audited).toEqual([
			{ actor: "command", action: "key.create", tenant_id: store.tenantId },
		]);
	});

	it.each([
		["a scope that there is not", "--scopes root", "scopes/0"],
		["an end in the past", `${scopes} --expires 2020-01-01`, "expires_at"],
		["an end that is none", `${scopes} --expires soon`, "--expires"],
	])("refuses %s with 2, and says where", async (_name, more, where) => {
		const { code, out, err } = await keys(
			`create --tenant default --name ci ${more}`,
		);

		expect([code, out]).toEqual([2, ""]);
		expect(err).toContain(where);
	});

	it("says with 1 that there is no such tenant, and how to see those that there are", async () => {
		const { code, err } = await keys(`create --tenant x --name ci ${scopes}`);

		expect(code).toBe(1);
		expect(err).toContain("npm run tenants -- list");
	});
});

describe("keys list", () => {
	it("shows every tenant's keys or one's, with their state, and no key itself", async () => {
		const tenantId = await aTenant(store);
		const { key, id } = await aKey();
		await keys(`create --tenant ${tenantId} --name other ${scopes}`);
		await keys(`revoke ${id}`);

		const all = JSON.parse((await keys("list --json")).out);
		const theirs = await keys(`list --tenant ${tenantId}`);

		const mine = all.find((one: { id: string }) => one.id === id);
		expect(mine).toMatchObject({ tenant: "default", state: "revoked" });
		expect(JSON.stringify(all)).not.toContain(key);
		expect(theirs.out.split("\n")).toHaveLength(2);
		expect(theirs.out).toMatch(/^id +tenant +name.*\nkey_.* other .* valid /);
	});
});

describe("keys revoke", () => {
	it("ends a key by its prefix, and may be said again by its id", async () => {
		const { key, id, prefix } = await aKey();

		const first = await keys(`revoke ${prefix}`);
		const second = await keys(`revoke ${id} --json`);

		expect([first.code, second.code]).toEqual([0, 0]);
		expect(JSON.parse(second.out)).toMatchObject({ id, revoked: true });
		expect(await ownerOf(key)).toBeNull();
	});

	it("ends none of several that begin alike, and names them", async () => {
		const [one, other] = [await aKey(), await aKey()];
		await store.db.$executeRaw`
			update api_key set prefix = 'rl_alike' where id in (${one.id}, ${other.id})`;

		const { code, err } = await keys("revoke rl_alike");

		expect(code).toBe(1);
		expect(err).toContain(one.id);
		expect(err).toContain(other.id);
		expect(await ownerOf(one.key)).not.toBeNull();
	});

	it("keeps a tenant's last admin, as the route does", async () => {
		const tenantId = await aTenant(store);
		const made = await keys(
			`create --tenant ${tenantId} --name boss --scopes admin --json`,
		);

		const { code, err } = await keys(`revoke ${JSON.parse(made.out).id}`);

		expect(code).toBe(1);
		expect(err).toContain("only valid key with the scope admin");
	});
});

describe("keys rotate", () => {
	it("shows a key like the former one, and ends that after the overlap", async () => {
		const former = await aKey();

		const { out } = await keys(`rotate ${former.id} --overlap 0s --json`);

		const next = JSON.parse(out);
		expect(next).toMatchObject({ name: "ci", rotated_from: former.id });
		expect(await ownerOf(former.key)).toBeNull();
		expect(await ownerOf(next.key)).not.toBeNull();
	});
});

describe("keys", () => {
	it("prints its help with 0, and without a verb with 2", async () => {
		const asked = await keys("keys --help");
		const unasked = await keys("");

		expect([asked.code, asked.err, unasked.code, unasked.out]).toEqual([
			...[0, "", 2, ""],
		]);
		expect(asked.out).toContain("revoke <id|prefix>");
		expect(unasked.err).toContain("revoke <id|prefix>");
	});

	it("says of a database that is not migrated what to run, and changes nothing", async () => {
		const behind = await openTestStore();
		await behind.db.$executeRaw`
			delete from _prisma_migrations where migration_name = (select max(migration_name) from _prisma_migrations)`;

		const { code, err } = await keys("list", behind.url);

		expect(code).toBe(1);
		expect(err).toContain("npm run db:migrate");
		await behind.close();
	});

	it("names the setting that is missing", async () => {
		const { code, err } = await keys("list", "");

		expect(code).toBe(1);
		expect(err).toContain("DATABASE_URL is not set");
	});
});
