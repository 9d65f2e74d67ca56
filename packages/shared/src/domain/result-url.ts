/** A host that results may lead to. */
export type ResultHost = {
	name: string;
	/** Whether the hosts below it are meant, and not it itself. */
	isParent: boolean;
	/** Whether it may be reached without TLS. */
	allowsHttp: boolean;
};

/** The hosts that results may lead to; null is any. */
export type ResultHosts = readonly ResultHost[] | null;

/**
 * Reads hosts with commas between them: `cdn.example.com`, `*.example.com` for all below it, and `http://` before one that
 * has no TLS. Throws an Error that says which entry is wrong.
 */
export function parseResultHosts(text: string): ResultHosts {
	return text.split(",").map((entry) => {
		const [, scheme = "", star = "", host = ""] =
			/^\s*(https?:\/\/)?(\*\.)?(\S+?)\s*$/i.exec(entry) ?? [];
		const url = URL.canParse(`https://${host}`)
			? new URL(`https://${host}`)
			: null;
		if (url === null || !isBareHost(host)) {
			throw new Error(
				`"${entry.trim()}" is not a host such as cdn.example.com or *.example.com`,
			);
		}
		return {
			name: nameOf(url),
			isParent: star !== "",
			allowsHttp: scheme.toLowerCase() === "http://",
		};
	});
}

const isBareHost = (host: string) => !/[/?#@*\\]|:\d*$/.test(host);

/** A name with a dot at its end is the same host. */
const nameOf = ({ hostname }: URL) => hostname.replace(/\.$/, "");

/**
 * Why a result may not be handed on, or null. It must come over https, so that nobody on the way can exchange the video; a
 * loopback address, which only a simulator on this machine has, needs no TLS. The URL is one that can be parsed.
 */
export function refuseResultUrl(url: URL, hosts: ResultHosts): string | null {
	const name = nameOf(url);
	const shown = name.slice(0, 100);
	const entry = hosts?.find((host) => isMeant(host, name)) ?? null;
	if (hosts !== null && entry === null) {
		return `the host ${shown} is not one of RESULT_HOSTS`;
	}
	const isSafe = url.protocol === "https:" || isLoopback(name);
	return isSafe || entry?.allowsHttp === true
		? null
		: `the URL at ${shown} is not https`;
}

function isMeant(host: ResultHost, name: string): boolean {
	return host.isParent ? name.endsWith(`.${host.name}`) : name === host.name;
}

function isLoopback(name: string): boolean {
	return (
		/^(.+\.)?localhost$/.test(name) ||
		/^127(\.\d+){3}$/.test(name) ||
		name === "[::1]"
	);
}
