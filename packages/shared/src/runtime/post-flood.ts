import type { Socket } from "node:net";

// The smallest chunks make six bytes of one, and the head may have 16 kB.
const framingFactor = 8;
const headBytes = 64 * 1024;

/**
 * Calls `onFlood` when far more bytes have come than an answer of `maxResponseBytes` can have. A body is counted as it is
 * handed over, but interim answers, chunk extensions and blank lines before the status are not: a receiver can send
 * them without end. Gives what ends the watch; without a socket there is none.
 */
export function watchFlood(
	socket: Socket | null,
	maxResponseBytes: number,
	onFlood: () => void,
): () => void {
	if (socket === null) return () => {};
	const limit = socket.bytesRead + headBytes + framingFactor * maxResponseBytes;
	const check = () => {
		if (socket.bytesRead > limit) onFlood();
	};
	socket.on("readable", check);
	return () => socket.off("readable", check);
}
