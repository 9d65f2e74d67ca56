/** A list that comes in pages. Nothing is asked for before it is read. */
export type Paged<Item, Page> = AsyncIterable<Item> & {
	/** Every item, page by page, while there are more. */
	[Symbol.asyncIterator](): AsyncGenerator<Item, void>;
	/** The first page alone, with what leads on from it. */
	page(): Promise<Page>;
	/** Page by page, while there are more. */
	pages(): AsyncGenerator<Page, void>;
};

type PageLike<Item> = { data: Item[]; has_more: boolean };

/** A list from a way to read one page, and what to ask for after it. */
export function createPaged<Item, Query, Page extends PageLike<Item>>(
	query: Query,
	read: (query: Query) => Promise<Page>,
	placeAfter: (page: Page) => Partial<Query>,
): Paged<Item, Page> {
	async function* pages(): AsyncGenerator<Page, void> {
		for (let asked = query; ; ) {
			const page = await read(asked);
			yield page;
			if (!page.has_more) return;
			asked = { ...asked, ...placeAfter(page) };
		}
	}
	return {
		page: () => read(query),
		pages,
		async *[Symbol.asyncIterator]() {
			for await (const page of pages()) yield* page.data;
		},
	};
}

type Cursored<Item> = PageLike<Item> & { next_cursor: string | null };
type Feed<Item> = PageLike<Item> & { next_after: string | null };

/** Pages that an opaque cursor leads on from. */
export function pagedByCursor<Item, Query>(
	query: Query & { cursor?: string | undefined },
	read: (
		query: Query & { cursor?: string | undefined },
	) => Promise<Cursored<Item>>,
) {
	return createPaged<Item, typeof query, Cursored<Item>>(
		query,
		read,
		({ next_cursor }) =>
			({ cursor: next_cursor ?? undefined }) as Partial<typeof query>,
	);
}

/** Pages that go on behind the last item that was read. */
export function pagedByPlace<Item, Query>(
	query: Query & { after?: string | undefined },
	read: (query: Query & { after?: string | undefined }) => Promise<Feed<Item>>,
) {
	return createPaged<Item, typeof query, Feed<Item>>(
		query,
		read,
		({ next_after }) =>
			({ after: next_after ?? undefined }) as Partial<typeof query>,
	);
}
