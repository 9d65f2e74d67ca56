import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A webhook as it came in, for whoever judges its `v1` signatures. */
export type ArrivedWebhook = {
	secret: string;
	body: Buffer;
	headers: {
		"webhook-id": string;
		"webhook-timestamp": string;
		"webhook-signature": string;
	};
};

export type PythonVerifier = {
	/** Whether Python's `hmac` finds a `v1` signature by this secret. */
	verify(webhook: ArrivedWebhook): Promise<boolean>;
	close(): Promise<void>;
};

// Reads one webhook a line and answers each with `true` or `false`. It shares nothing with our code.
const script = `
import base64, hashlib, hmac, json, sys

for line in sys.stdin:
    webhook = json.loads(line)
    headers = webhook["headers"]
    head = "%s.%s." % (headers["webhook-id"], headers["webhook-timestamp"])
    signed = head.encode() + base64.b64decode(webhook["body"], validate=True)
    key = base64.b64decode(webhook["secret"][len("whsec_"):], validate=True)
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    given = headers["webhook-signature"].split(" ")
    print(json.dumps(any(hmac.compare_digest(expected, one) for one in given)), flush=True)
`;

/** Says loudly when there is no Python, because then a witness is missing. */
export function hasPython(): boolean {
	const isThere = spawnSync("python3", ["--version"]).status === 0;
	if (!isThere) {
		console.warn(
			"SKIPPED: no python3 on the PATH, so Python does not check the signatures.",
		);
	}
	return isThere;
}

/** Starts a `python3` that judges one webhook after the other. */
export function startPythonVerifier(): PythonVerifier {
	const child = spawn("python3", ["-c", script], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const answers = createInterface({ input: child.stdout })[
		Symbol.asyncIterator
	]();
	// A Python that died is told by the missing answer.
	child.stdin.on("error", () => {});
	return {
		async verify({ body, ...webhook }) {
			const asked = { ...webhook, body: body.toString("base64") };
			child.stdin.write(`${JSON.stringify(asked)}\n`);
			const answer = await answers.next();
			if (answer.done) throw new Error("python3 ended before it answered");
			return JSON.parse(answer.value) === true;
		},
		async close() {
			const closed = once(child, "close");
			child.stdin.end();
			await closed;
		},
	};
}
