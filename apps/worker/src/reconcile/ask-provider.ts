import { parseJson } from "@reelay/shared/domain/provider-layers";
import {
	parseBalance,
	parseUsage,
	type Spend,
	type UsagePage,
} from "./parse-account.ts";

export type AskDeps = { baseUrl: string; apiKey: string };

/** What the provider says of a time; `sums` tell of several tasks together, and match nothing. */
export type Account = {
	spends: Spend[];
	sums: UsagePage["sums"];
	/** Null where it does not say. */
	balance: number | null;
};

const pageSize = 200;
// Two hundred thousand lines; who has more asks for less time.
const maxPages = 1_000;
const timeoutMs = 30_000;
const maxBytes = 20_000_000;

/** Asks for everything that was spent in a time, page by page, and for the balance. Rejects with one sentence when it cannot. */
export async function askProvider(
	deps: AskDeps,
	{ from, until }: { from: Date; until: Date },
): Promise<Account> {
	const balance = parseBalance(await get(deps, "/api/v1/me"));
	const account: Account = { spends: [], sums: [], balance };
	const seen = new Set<string>();
	let [lines, former] = [0, ""];
	let cursor: string | null = null;
	for (let page = 1; page <= maxPages; page += 1) {
		const told = await getPage(deps, {
			from: from.toISOString(),
			to: until.toISOString(),
			page: String(page),
			page_size: String(pageSize),
			...(cursor === null ? {} : { cursor }),
		});
		const count = told.spends.length + told.sums.length;
		// Whoever knows no pages gives the first one again, or all at once.
		const text = JSON.stringify(told);
		if (count === 0 || text === former) return account;
		former = text;
		lines += count;
		account.spends.push(...told.spends.filter((one) => isNew(seen, one)));
		account.sums.push(...told.sums);
		if (isLast(told, lines)) return account;
		cursor = told.nextCursor;
	}
	throw new Error(
		"The provider's usage has too many pages: ask for less time.",
	);
}

async function getPage(
	deps: AskDeps,
	query: Record<string, string>,
): Promise<UsagePage> {
	const path = `/api/v1/usage?${new URLSearchParams(query)}`;
	const told = parseUsage(await get(deps, path));
	if (told !== null) return told;
	throw new Error("The provider's usage holds no list that can be read.");
}

/** What comes while pages are read moves lines on to the next one. Without an id, two that are alike are two. */
function isNew(seen: Set<string>, { ids, raw }: Spend): boolean {
	const text = JSON.stringify(raw);
	if (ids.length > 0 && seen.has(text)) return false;
	seen.add(text);
	return true;
}

function isLast(told: UsagePage, lines: number): boolean {
	if (told.hasMore !== null) return !told.hasMore;
	if (told.total !== null && told.sums.length === 0) return lines >= told.total;
	return false;
}

async function get({ baseUrl, apiKey }: AskDeps, path: string) {
	const [place = ""] = path.split("?");
	const answer = await fetch(`${baseUrl}${path}`, {
		headers: { authorization: `Bearer ${apiKey}`, accept: "application/json" },
		redirect: "manual",
		signal: AbortSignal.timeout(timeoutMs),
	}).catch((error: Error) => {
		const cause = error.cause instanceof Error ? error.cause : error;
		throw new Error(`The provider's ${place} gave no answer: ${cause.message}`);
	});
	if (answer.status !== 200) {
		await answer.body?.cancel();
		throw new Error(`The provider's ${place} answered ${answer.status}.`);
	}
	const text = await answer.text();
	const body = text.length > maxBytes ? undefined : parseJson(text);
	if (body === undefined) {
		throw new Error(`The provider's ${place} answered what is no JSON.`);
	}
	return body;
}
