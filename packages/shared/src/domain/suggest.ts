// A longer word is not a typing mistake of ours to find, and the distance costs the product of both lengths.
const wordLimit = 64;

/**
 * The candidate that the writer most likely meant, or null when none is near. It sees through letter case, separators
 * (`imageUrls`, `16x9`), a few wrong letters, and a candidate that is the beginning or a part of the word.
 */
export function suggest(
	word: string,
	candidates: Iterable<string>,
): string | null {
	if (word.length === 0 || word.length > wordLimit) return null;
	let best: { candidate: string; score: number } | null = null;
	for (const candidate of candidates) {
		const score = scoreNearness(fold(word), fold(candidate));
		if (score !== null && (best === null || score < best.score)) {
			best = { candidate, score };
		}
	}
	return best?.candidate ?? null;
}

function fold(text: string): string {
	const folded = text.toLowerCase().replace(/[^\p{Letter}\p{Number}]/gu, "");
	return folded === "" ? text.toLowerCase() : folded;
}

/** 0 is the same word; null is too far. One edit is allowed in a short word, and one more for every three letters. */
function scoreNearness(word: string, candidate: string): number | null {
	if (candidate.length > wordLimit) return null;
	const distance = countEdits(word, candidate);
	const allowed = Math.max(1, Math.floor(candidate.length / 3));
	const sharesLetters = distance < Math.max(word.length, candidate.length);
	if (distance <= allowed && sharesLetters) return distance;
	return isPart(word, candidate) ? allowed + distance : null;
}

/** "professional" for `pro`, "elements" for `kling_elements`: three letters at the start, four anywhere else. */
function isPart(word: string, candidate: string): boolean {
	const [short, long] =
		word.length < candidate.length ? [word, candidate] : [candidate, word];
	if (short.length >= 3 && long.startsWith(short)) return true;
	return short.length >= 4 && long.includes(short);
}

/** Levenshtein's distance, with two swapped neighbours counted as one edit. */
function countEdits(left: string, right: string): number {
	let beforeLast: number[] = [];
	let last = Array.from({ length: right.length + 1 }, (_, index) => index);
	for (let row = 1; row <= left.length; row += 1) {
		const current = [row];
		for (let column = 1; column <= right.length; column += 1) {
			const isSame = left[row - 1] === right[column - 1];
			const isSwap =
				row > 1 &&
				column > 1 &&
				left[row - 1] === right[column - 2] &&
				left[row - 2] === right[column - 1];
			current[column] = Math.min(
				at(last, column) + 1,
				at(current, column - 1) + 1,
				at(last, column - 1) + (isSame ? 0 : 1),
				isSwap ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
			);
		}
		beforeLast = last;
		last = current;
	}
	return at(last, right.length);
}

function at(row: readonly number[], column: number): number {
	return row[column] ?? Number.POSITIVE_INFINITY;
}
