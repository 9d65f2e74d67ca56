import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { checkPorts, findFreePort } from "./ports.ts";

async function occupyPort(host: string): Promise<number> {
	const server = createServer().listen(0, host);
	onTestFinished(() => void server.close());
	await once(server, "listening");
	return (server.address() as AddressInfo).port;
}

it("tells of every port that is taken, with the variable that changes it", async () => {
	const api = await occupyPort("127.0.0.1");
	const worker = await occupyPort("0.0.0.0");
	const free = await findFreePort();

	const check = checkPorts({
		API_PORT: api,
		WEBHOOK_PORT: free,
		WORKER_PORT: worker,
	});

	await expect(check).rejects.toThrow(
		`Port ${api} is in use; set API_PORT to a free port, or stop what listens there.\nPort ${worker} is in use; set WORKER_PORT to a free port, or stop what listens there.`,
	);
});

it("tells of a port that two of ours would share", async () => {
	const port = await findFreePort();

	const check = checkPorts({ API_PORT: port, WEBHOOK_PORT: port });

	await expect(check).rejects.toThrow(
		`API_PORT and WEBHOOK_PORT are both ${port}`,
	);
});

it("gives no port twice, though nobody listens there yet", async () => {
	const ports = new Set<number>();

	for (let n = 0; n < 500; n += 1) ports.add(await findFreePort());

	expect(ports.size).toBe(500);
});
