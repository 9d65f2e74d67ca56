/** As much of Postgres' wire protocol (version 3) as it takes to tell statements apart and to answer in the server's place. */

/** One message, whole: its type, and its bytes with type and length. */
export type Message = { type: string; bytes: Buffer };

/**
 * Cuts a stream into messages; bytes of one that is not whole yet wait for the next chunk. With `startsBare` the first
 * one has no type, as a client's startup has; it comes out with the type "".
 */
export function createFraming(startsBare: boolean) {
	let rest: Buffer = Buffer.alloc(0);
	let isBare = startsBare;
	return {
		read(chunk: Buffer): Message[] {
			rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
			const messages: Message[] = [];
			for (;;) {
				const head = isBare ? 0 : 1;
				if (rest.length < head + 4) return messages;
				const end = head + rest.readInt32BE(head);
				if (rest.length < end) return messages;
				const type = isBare ? "" : String.fromCharCode(rest[0] ?? 0);
				messages.push({ type, bytes: rest.subarray(0, end) });
				rest = rest.subarray(end);
				isBare = false;
			}
		},
		/** The next message has no type: a client that was refused encryption starts once more. */
		expectBare() {
			isBare = true;
		},
	};
}

/** What a startup message asks for: an ordinary session, or something else by its code. */
export function readStartup({ bytes }: Message): {
	isSession: boolean;
	asksForEncryption: boolean;
	application: string;
} {
	const code = bytes.readInt32BE(4);
	const isSession = code >> 16 === 3;
	const words = isSession ? bytes.toString("utf8", 8).split("\0") : [];
	const at = words.indexOf("application_name");
	return {
		isSession,
		asksForEncryption: code === 80_877_103 || code === 80_877_104,
		application: at < 0 ? "" : (words[at + 1] ?? ""),
	};
}

/** The zero-terminated texts at the beginning of a message. */
export function readTexts({ bytes }: Message, count: number): string[] {
	const texts: string[] = [];
	let at = 5;
	while (texts.length < count) {
		const end = bytes.indexOf(0, at);
		texts.push(bytes.toString("utf8", at, end));
		at = end + 1;
	}
	return texts;
}

/** The columns of a DataRow as texts; null for SQL's null. */
export function readRow({ bytes }: Message): (string | null)[] {
	const columns: (string | null)[] = [];
	let at = 7;
	for (let left = bytes.readInt16BE(5); left > 0; left -= 1) {
		const length = bytes.readInt32BE(at);
		at += 4;
		columns.push(length < 0 ? null : bytes.toString("utf8", at, at + length));
		at += Math.max(0, length);
	}
	return columns;
}

const texts: Record<string, string> = {
	"57014": "canceling statement due to statement timeout",
	"40P01": "deadlock detected",
	"40001": "could not serialize access due to concurrent update",
};

/** The answer to a statement that failed outside a transaction: the error, and the server ready for the next. */
export function errorAnswer(sqlState: string): Buffer {
	const fields = [
		"SERROR",
		"VERROR",
		`C${sqlState}`,
		`M${texts[sqlState] ?? "a fault"}`,
	];
	return Buffer.concat([
		message("E", Buffer.from(`${fields.join("\0")}\0\0`)),
		message("Z", Buffer.from("I")),
	]);
}

function message(type: string, body: Buffer): Buffer {
	const head = Buffer.alloc(5);
	head.write(type, 0, "latin1");
	head.writeInt32BE(body.length + 4, 1);
	return Buffer.concat([head, body]);
}
