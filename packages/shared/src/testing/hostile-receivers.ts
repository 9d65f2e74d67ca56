import type { Socket } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";

/** What a receiver does once it has read a request. */
export type Behaviour = (socket: Socket) => void;

const everyMs = 5;
const ok = "HTTP/1.1 200 OK\r\n";

/** Writes a head at once, and then a piece of text every few milliseconds until the other side hangs up. */
export function drip(head: string, piece: string): Behaviour {
	return (socket) => {
		socket.write(head);
		const timer = setInterval(() => socket.write(piece), everyMs);
		socket.on("close", () => clearInterval(timer));
	};
}

/** Writes a head, and then a block again and again, as fast as it is taken, until the other side hangs up. */
export function flood(head: string, piece: string): Behaviour {
	const block = Buffer.from(piece.repeat(Math.ceil(65_536 / piece.length)));
	return (socket) => {
		socket.write(head);
		const fill = () => {
			while (!socket.destroyed && socket.write(block));
		};
		socket.on("drain", fill);
		fill();
	};
}

/** Writes a text, which may be half an answer, and does nothing more. */
export function say(text: string | Buffer): Behaviour {
	return (socket) => void socket.write(text);
}

/** Writes a text and closes. */
export function sayAndClose(text: string | Buffer): Behaviour {
	return (socket) => void socket.end(text);
}

/** Writes a text and, once it has left, resets the connection. */
export function sayAndReset(text: string): Behaviour {
	return (socket) => {
		socket.write(text, () => setImmediate(() => socket.resetAndDestroy()));
	};
}

/** A body that is small as it is sent, and megabytes when it is inflated. */
export function bomb(encoding: "gzip" | "deflate" | "br"): Buffer {
	const zeros = Buffer.alloc(32 * 1024 * 1024);
	const pack = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };
	const body = pack[encoding](zeros);
	const head = `content-encoding: ${encoding}\r\ncontent-length: ${body.length}`;
	return Buffer.concat([Buffer.from(`${ok}${head}\r\n\r\n`), body]);
}

const manyHeaders = Array.from(
	{ length: 10_000 },
	(_, index) => `x-${index}: ${index}\r\n`,
).join("");

/** Answers that never become whole, by what is wrong with them; none of them ends before the sender's patience does. */
export const endless = {
	"says nothing": () => {},
	"drips its headers": drip(`${ok}x-drip: `, "x"),
	"drips its body": drip(`${ok}\r\n`, "x"),
	"drips a body of declared length": drip(
		`${ok}content-length: 9999\r\n\r\n`,
		"x",
	),
	"drips interim answers": drip(
		"",
		"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
	),
	"stops in the status line": say("HTTP/1.1 2"),
	"stops in the headers": say(`${ok}content-length: 2\r\n`),
	"stops in the body": say(`${ok}content-length: 2\r\n\r\no`),
	"stops in a chunk": say(`${ok}transfer-encoding: chunked\r\n\r\n5\r\nab`),
	"stops in the trailers": say(
		`${ok}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-trailer: `,
	),
} satisfies Record<string, Behaviour>;

/** Answers that break off. */
export const brokenOff = {
	"closes without a word": sayAndClose(""),
	"resets without a word": (socket) => void socket.resetAndDestroy(),
	"resets after the status line": sayAndReset(ok),
	"resets after the headers": sayAndReset(`${ok}content-length: 9\r\n\r\n`),
	"resets in the body": sayAndReset(`${ok}content-length: 9\r\n\r\nhalf`),
	"closes in the headers": sayAndClose(`${ok}x-half: `),
	"closes in the body": sayAndClose(`${ok}content-length: 9\r\n\r\nhalf`),
	"closes in a chunk": sayAndClose(
		`${ok}transfer-encoding: chunked\r\n\r\n9\r\nab`,
	),
} satisfies Record<string, Behaviour>;

/** What is no answer of HTTP/1.1. */
export const malformed = {
	"speaks another protocol": sayAndClose("220 mail.example ESMTP\r\n"),
	"answers as HTTP/0.9 did": sayAndClose("<html><body>ok</body></html>"),
	"sends garbage": sayAndClose(Buffer.from("00ff13377f454c46deadbeef", "hex")),
	"has a status that is no number": sayAndClose("HTTP/1.1 OK 200\r\n\r\n"),
	"has a status of two digits": sayAndClose("HTTP/1.1 20 OK\r\n\r\n"),
	"has a version that is none": sayAndClose("HTTP/9.9 200 OK\r\n\r\n"),
	"speaks HTTP/2 unasked": sayAndClose(
		Buffer.from("000006040000000000000300000064", "hex"),
	),
	"has a header without a name": sayAndClose(`${ok}: x\r\n\r\n`),
	"has a control character in a header": sayAndClose(
		`${ok}x-a: \u0000\r\n\r\n`,
	),
	"has a length that is no number": sayAndClose(
		`${ok}content-length: -1\r\n\r\n`,
	),
	"has two lengths": sayAndClose(
		`${ok}content-length: 2\r\ncontent-length: 3\r\n\r\nok`,
	),
	"has a length and chunks": sayAndClose(
		`${ok}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
	),
	"has a chunk size that is no number": sayAndClose(
		`${ok}transfer-encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n`,
	),
	"has a chunk size beyond all": sayAndClose(
		`${ok}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nok`,
	),
	"has a chunk longer than it says": sayAndClose(
		`${ok}transfer-encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n`,
	),
	"has one header of a megabyte": sayAndClose(
		`${ok}x-bomb: ${"x".repeat(2 ** 20)}\r\n\r\n`,
	),
	"has ten thousand headers": sayAndClose(`${ok}${manyHeaders}\r\n`),
	"has ten thousand trailers": sayAndClose(
		`${ok}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${manyHeaders}\r\n`,
	),
	"says 100 Continue unasked": drip("", "HTTP/1.1 100 Continue\r\n\r\n"),
	"switches protocols": say(
		"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
	),
} satisfies Record<string, Behaviour>;

/** Bytes without end and as fast as they go, which are no body. */
export const floods = {
	"floods with interim answers": flood("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
	"floods with blank lines": flood("", "\r\n"),
	"floods with a chunk extension": flood(
		`${ok}transfer-encoding: chunked\r\n\r\n5;`,
		"x",
	),
	"floods with tiny chunks": flood(
		`${ok}transfer-encoding: chunked\r\n\r\n`,
		"1;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\nx\r\n",
	),
	"floods with headers": flood(ok, "x-a: b\r\n"),
} satisfies Record<string, Behaviour>;
