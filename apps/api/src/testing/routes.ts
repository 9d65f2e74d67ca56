import type { Express } from "express";

/** A router's own list of what it was given, in order; it is not part of Express's published types. */
type Layer = {
	rawPath: unknown;
	route?: { path: string; stack: { method: string }[] };
	handle: { stack?: Layer[] };
};

/** Every route that an app serves, as `GET /v1/jobs/{id}`, read from the routers themselves. */
export function listRoutes(app: Express): string[] {
	const { stack } = app.router as unknown as { stack: Layer[] };
	return [...new Set(routesBelow(stack, ""))].sort();
}

function routesBelow(stack: readonly Layer[], prefix: string): string[] {
	return stack.flatMap(({ rawPath, route, handle }) => {
		if (route !== undefined) {
			const path = inBraces(prefix + route.path);
			return route.stack.map(({ method }) => `${method.toUpperCase()} ${path}`);
		}
		if (handle.stack === undefined) return [];
		if (typeof rawPath !== "string") {
			throw new Error("A router is mounted at something that is no text.");
		}
		return routesBelow(handle.stack, prefix + rawPath);
	});
}

function inBraces(path: string): string {
	const plain = path.replaceAll(/\/+/g, "/").replaceAll(/:(\w+)/g, "{$1}");
	return plain.length > 1 ? plain.replace(/\/$/, "") : plain;
}
