import { expect, it } from "vitest";
import { readMp4 } from "./mp4.ts";

function box(type: string, ...contents: Buffer[]): Buffer {
	const content = Buffer.concat(contents);
	const head = Buffer.alloc(8, type.padStart(8));
	head.writeUInt32BE(content.length + 8);
	return Buffer.concat([head, content]);
}

function words(length: number, values: Record<number, number>): Buffer {
	const buffer = Buffer.alloc(length);
	for (const [at, value] of Object.entries(values)) {
		buffer.writeUInt32BE(value, Number(at));
	}
	return buffer;
}

const ftyp = box("ftyp", Buffer.from("isom"));
const mvhd = box("mvhd", words(100, { 12: 600, 16: 1_800 }));
const mvhdOfVersion1 = box(
	"mvhd",
	words(112, { 0: 1 << 24, 20: 600, 28: 3_000 }),
);
const soundTrack = box("trak", box("tkhd", words(84, {})));
const pictureTrack = box(
	"trak",
	box("tkhd", words(84, { 76: 180 << 16, 80: 320 << 16 })),
);

it("reads size and length past a sound track", () => {
	const file = Buffer.concat([
		ftyp,
		box("mdat", Buffer.alloc(20)),
		box("moov", mvhd, soundTrack, pictureTrack),
	]);

	expect(readMp4(file)).toEqual({ width: 180, height: 320, seconds: 3 });
});

it("reads headers with 64-bit times", () => {
	const file = Buffer.concat([ftyp, box("moov", mvhdOfVersion1, pictureTrack)]);

	expect(readMp4(file)).toEqual({ width: 180, height: 320, seconds: 5 });
});

it.each([
	["nothing", Buffer.alloc(0)],
	["a page of HTML", Buffer.from("<!doctype html><title>Gone</title>")],
	["a file without its first box", box("moov", mvhd, pictureTrack)],
	["a file that is cut", Buffer.concat([ftyp, box("moov").subarray(0, 7)])],
	["a file without a picture", Buffer.concat([ftyp, box("moov", soundTrack)])],
])("takes %s for no video", (_, file) => {
	expect(readMp4(file)).toBeNull();
});
