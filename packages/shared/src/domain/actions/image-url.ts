import { quote } from "../violation.ts";
import type { InputChecks } from "./action.ts";
import { type Field, readText, refuse } from "./field.ts";

/** What browsers, proxies and CDNs agree to carry. */
export const imageUrlLimit = 2048;
const extensions = ["jpg", "jpeg", "png"];

/**
 * An image that the provider is able to fetch: public http(s), no credentials, and no extension of another format. The
 * text itself is returned, not a rewritten form, because signed URLs do not survive rewriting.
 */
export function readImageUrl(
	field: Field,
	checks: InputChecks,
): string | undefined {
	const text = readText(field);
	if (text === undefined) return undefined;
	if (text.length > imageUrlLimit) {
		const message = `Shorten the URL to ${imageUrlLimit} characters; it has ${text.length}.`;
		return refuse(field, "url_too_long", { message });
	}
	const url = parseWebUrl(text);
	if (url === null) {
		const message = `Send an http or https URL; ${quote(text)} is not one.`;
		return refuse(field, "bad_url", { message });
	}
	// The checks are independent, so that one answer names them all.
	const isAccepted = [
		refuseCredentials(field, url),
		refusePrivateHost(field, url, checks),
		refuseExtension(field, url),
	].every(Boolean);
	return isAccepted ? text : undefined;
}

/**
 * The parsed URL, or null. White space, control characters and backslashes are refused before parsing: the parser drops
 * or rewrites them silently, and another parser at the provider would then see another host than the one we checked.
 */
function parseWebUrl(text: string): URL | null {
	if (/[\s\p{Control}\\]/u.test(text) || !/^https?:\/\//i.test(text)) {
		return null;
	}
	try {
		return new URL(text);
	} catch {
		return null;
	}
}

function refuseCredentials(field: Field, url: URL): boolean {
	if (url.username === "" && url.password === "") return true;
	const message = "Remove the user name and password from the URL.";
	refuse(field, "url_credentials", { message });
	return false;
}

function refusePrivateHost(
	field: Field,
	url: URL,
	checks: InputChecks,
): boolean {
	if (checks.isPublicHost(url.hostname.replace(/^\[|\]$/g, ""))) return true;
	const message = `Use a host that the provider can reach; ${quote(url.hostname)} is not public.`;
	refuse(field, "private_host", { message });
	return false;
}

/** Only a short suffix of the last segment is an extension; many image servers have none, and that is accepted. */
function refuseExtension(field: Field, url: URL): boolean {
	const segment = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
	const extension = /\.([a-z0-9]{1,5})$/i.exec(segment)?.[1]?.toLowerCase();
	if (extension === undefined || extensions.includes(extension)) return true;
	const message = `Send a jpg, jpeg or png image; this one ends in .${extension}.`;
	refuse(field, "image_format", { message });
	return false;
}
