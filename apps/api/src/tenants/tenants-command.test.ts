import { parseKeyring } from "@reelay/shared/signing/keyring";
import { open } from "@reelay/shared/signing/sealing";
import { listSealedSecrets } from "@reelay/shared/store/secrets";
import { openTestStore, type TestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../command/run-command.ts";
import { tenantsCommand } from "./run-tenants.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

const ENCRYPTION_KEYS = `k1:${Buffer.alloc(32, 1).toString("base64")}`;

async function tenants(
	line: string,
	env: Record<string, string> = { ENCRYPTION_KEYS },
) {
	const printed: string[] = [];
	const complaints: string[] = [];
	const code = await runCommand(tenantsCommand, {
		argv: line.split(" "),
		env: { DATABASE_URL: store.url, ...env },
		print: (text) => printed.push(text),
		complain: (text) => complaints.push(text),
	});
	return { code, out: printed.join("\n"), err: complaints.join("\n") };
}
const make = async (line: string) =>
	JSON.parse((await tenants(`create --json ${line}`)).out);

describe("tenants create", () => {
	it("makes a tenant and shows its secret, which api and worker can open", async () => {
		const made = await make("--name acting --weight 2 --max-in-flight 5");

		expect(made).toMatchObject({ weight: 2, max_in_flight: 5 });
		const [sealed = ""] = await listSealedSecrets(store.db, {
			tenantId: made.id,
			endpointId: null,
		});
		const secret = open(sealed, parseKeyring(ENCRYPTION_KEYS), made.id);
		expect(secret).toBe(made.webhook_secret);
		const audited = await store.db.$queryRaw`
			select actor, action from audit where target = ${made.id}`;
		expect(audited).toEqual([{ actor: "command", action: "tenant.create" }]);
	});

	it.each([
		["a name that is taken", "--name default", 1, "name"],
		["a weight that is none", "--name a --weight much", 2, "weight"],
		["no name", "--weight 2", 2, "--name"],
	])("refuses %s", async (_name, line, expected, where) => {
		const { code, err } = await tenants(`create ${line}`);

		expect(code).toBe(expected);
		expect(err).toContain(where);
	});

	it("names the setting without which it can seal nothing", async () => {
		const { code, err } = await tenants("create --name a", {});

		expect(code).toBe(1);
		expect(err).toContain("ENCRYPTION_KEYS");
	});
});

describe("tenants update", () => {
	it("changes what is named, by the tenant's name, and needs no encryption key for it", async () => {
		const { id } = await make("--name changing");
		const update = async (line: string) =>
			JSON.parse((await tenants(`update changing --json ${line}`, {})).out);

		const limited = await update("--max-in-flight 3 --disabled yes");
		const unlimited = await update("--max-in-flight none --disabled no");

		expect(limited).toMatchObject({ id, max_in_flight: 3 });
		expect(limited.disabled_at).not.toBeNull();
		expect(unlimited).toMatchObject({ max_in_flight: null, disabled_at: null });
	});

	it("refuses a tenant that there is not, and a word that is neither yes nor no", async () => {
		const none = await tenants("update nobody --weight 2");
		const word = await tenants("update default --disabled maybe");

		expect([none.code, word.code]).toEqual([1, 2]);
	});
});

describe("tenants list", () => {
	it("shows all of them, one a line", async () => {
		await make("--name listed");

		const { out } = await tenants("list");

		expect(out).toMatch(/^id +name +weight +max in flight +disabled\n/);
		expect(out).toMatch(/ten_\S+ +listed +1 +none +no(\n|$)/);
		expect(out).toMatch(/ default /);
	});
});
