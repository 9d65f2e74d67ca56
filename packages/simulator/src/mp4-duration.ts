/** Boxes whose content is boxes. */
const containers = new Set(["moov", "trak", "mdia", "minf", "stbl"]);

type Box = { type: string; content: number };

/**
 * Stretches a clip to a duration by rewriting its clocks, so that no encoder is
 * needed at run time. Assumes what the assets are: version-0 headers, one track,
 * one constant frame duration, no edit list, no reordered frames.
 */
export function retimeMp4(clip: Buffer, seconds: number): Buffer {
	const copy = Buffer.from(clip);
	const boxes = listBoxes(copy, 0, copy.length);
	const find = (type: string): number => {
		const box = boxes.find((candidate) => candidate.type === type);
		if (!box) throw new Error(`the clip has no ${type} box`);
		return box.content;
	};

	const movieHeader = find("mvhd");
	const movieTicks = copy.readUInt32BE(movieHeader + 12) * seconds;
	copy.writeUInt32BE(movieTicks, movieHeader + 16);
	copy.writeUInt32BE(movieTicks, find("tkhd") + 20);

	const mediaHeader = find("mdhd");
	const mediaTicks = copy.readUInt32BE(mediaHeader + 12) * seconds;
	copy.writeUInt32BE(mediaTicks, mediaHeader + 16);

	const sampleTimes = find("stts");
	const frames = copy.readUInt32BE(sampleTimes + 8);
	copy.writeUInt32BE(Math.round(mediaTicks / frames), sampleTimes + 12);
	return copy;
}

function listBoxes(file: Buffer, from: number, to: number): Box[] {
	const boxes: Box[] = [];
	for (let at = from; at + 8 <= to; at += Math.max(8, file.readUInt32BE(at))) {
		const type = file.toString("latin1", at + 4, at + 8);
		boxes.push({ type, content: at + 8 });
		if (containers.has(type))
			boxes.push(...listBoxes(file, at + 8, at + file.readUInt32BE(at)));
	}
	return boxes;
}
