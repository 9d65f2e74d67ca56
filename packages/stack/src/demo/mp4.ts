export type Mp4 = { width: number; height: number; seconds: number };

const containers = ["moov", "trak"];

type Box = { type: string; content: Buffer };

/**
 * The size of the picture and the length of an MP4, or null for what is none.
 * Reads two headers (tkhd, mvhd) by the standard's offsets and nothing else.
 */
export function readMp4(file: Buffer): Mp4 | null {
	const boxes = listBoxes(file);
	if (boxes[0]?.type !== "ftyp") return null;
	const movie = boxes.find(({ type }) => type === "mvhd")?.content;
	const sizes = boxes
		.filter(({ type, content }) => type === "tkhd" && content.length >= 84)
		.map(({ content }) => readSize(content));
	// A sound track has a header too, with no size.
	const size = sizes.find(({ width }) => width > 0);
	if (!movie || movie.length < 32 || !size) return null;
	return { ...size, seconds: readSeconds(movie) };
}

function listBoxes(file: Buffer): Box[] {
	const boxes: Box[] = [];
	let at = 0;
	while (at + 8 <= file.length) {
		const size = file.readUInt32BE(at);
		const type = file.toString("latin1", at + 4, at + 8);
		// 1 announces a 64-bit size, 0 a box up to the end of the file.
		const isLong = size === 1 && at + 16 <= file.length;
		const head = isLong ? 16 : 8;
		const length = isLong ? Number(file.readBigUInt64BE(at + 8)) : size;
		const end = size === 0 ? file.length : at + Math.max(length, head);
		const content = file.subarray(at + head, end);
		boxes.push({ type, content });
		if (containers.includes(type)) boxes.push(...listBoxes(content));
		at = end;
	}
	return boxes;
}

// Both end the track header, as fixed-point numbers of 16.16 bits.
function readSize(header: Buffer): { width: number; height: number } {
	const at = header.length - 8;
	return {
		width: header.readUInt32BE(at) / 65_536,
		height: header.readUInt32BE(at + 4) / 65_536,
	};
}

// Version 1 has 64-bit times before and for the length.
function readSeconds(header: Buffer): number {
	if (header.readUInt8(0) === 0) {
		return header.readUInt32BE(16) / header.readUInt32BE(12);
	}
	return Number(header.readBigUInt64BE(24)) / header.readUInt32BE(20);
}
