/** The little of SVG that the plots need. Light or dark as the reader's system is, on paper of their own: the page may differ. */
export type Drawing = {
	/** Stands at the top, and is read to who cannot see it. */
	title: string;
	width: number;
	height: number;
	shapes: string[];
};

const style = `
	.paper { fill: #ffffff; } text { font: 12px system-ui, sans-serif; fill: #1f2328; }
	.faint { fill: #59636e; } .grid { stroke: #d1d9e0; } .bar { stroke: #d1242f; stroke-dasharray: 4 3; }
	.ours { fill: #0969da; stroke: #0969da; } .before { fill: #80b7f0; stroke: #80b7f0; } .peer { fill: #9a6700; stroke: #9a6700; }
	@media (prefers-color-scheme: dark) {
		.paper { fill: #0d1117; } text { fill: #f0f6fc; } .faint { fill: #9198a1; } .grid { stroke: #3d444d; } .bar { stroke: #f85149; }
		.ours { fill: #4493f8; stroke: #4493f8; } .before { fill: #24579e; stroke: #24579e; } .peer { fill: #d29922; stroke: #d29922; }
	}`;

export function toSvg({ title, width, height, shapes }: Drawing): string {
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
<style>${style}
</style>
<rect width="${width}" height="${height}" rx="6" class="paper"/>
${words({ x: 8, y: 18 }, title)}
${shapes.join("\n")}
</svg>
`;
}

type Place = { x: number; y: number };

/** Words that end at their place, or begin there. */
export function words(
	{ x, y }: Place,
	text: string,
	{ anchor = "start", look = "" }: { anchor?: string; look?: string } = {},
): string {
	return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" class="${look}">${escaped(text)}</text>`;
}

export function line(from: Place, to: Place, look: string): string {
	return `<line x1="${round(from.x)}" y1="${round(from.y)}" x2="${round(to.x)}" y2="${round(to.y)}" class="${look}"/>`;
}

export function box(
	{ x, y }: Place,
	size: { width: number; height: number },
	look: string,
): string {
	return `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(size.width, 1))}" height="${size.height}" rx="2" class="${look}"/>`;
}

const round = (value: number) => Number(value.toFixed(1));
const escaped = (text: string) =>
	text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
