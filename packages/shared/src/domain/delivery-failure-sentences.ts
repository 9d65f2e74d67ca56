/** What each class of `delivery-failure.ts` says, for whoever owns the receiver; `{host}` and `{status}` are filled in. */
export const failureSentences = {
	http_3xx: {
		reason:
			"The endpoint answered with a redirect ({status}), and webhooks do not follow redirects.",
		fix: "Set the webhook's URL to the address that the redirect leads to.",
	},
	http_4xx: {
		reason: "The endpoint refused the request with {status}.",
		fix: "Look up this request in the endpoint's log, and answer with a 2xx status once the event is taken.",
	},
	http_410: {
		reason: "The endpoint answered 410 Gone: it wants no more webhooks.",
		fix: "If the endpoint is still in use, answer with a 2xx status, enable it again and redeliver.",
	},
	http_429: {
		reason: "The endpoint answered 429: it is being sent too much at once.",
		fix: "Raise its rate limit, or send a Retry-After header with the seconds to wait.",
	},
	http_5xx: {
		reason: "The endpoint failed with {status}.",
		fix: "Look up this request in the endpoint's log, repair the error, and answer with a 2xx status before doing longer work.",
	},
	dns_not_found: {
		reason: "The DNS has no address for {host}.",
		fix: "Check the URL for a typing error, and that the name has a public A or AAAA record.",
	},
	dns_failed: {
		reason: "The DNS lookup of {host} failed.",
		fix: "Check that the domain's name servers answer, and that its DNSSEC records are valid.",
	},
	dns_timeout: {
		reason: "The DNS lookup of {host} took too long.",
		fix: "Check that all of the domain's name servers answer, and answer quickly.",
	},
	connect_refused: {
		reason: "The server at {host} refused the connection.",
		fix: "Check that the server is running, that it listens on this port, and that no firewall turns the connection away.",
	},
	connect_unreachable: {
		reason: "No connection to {host} could be made.",
		fix: "Check that the name's A and AAAA records point to a machine that is up and reachable from the internet.",
	},
	connect_timeout: {
		reason: "The server at {host} did not accept a connection in time.",
		fix: "Check that the server is up, and that no firewall silently drops connections from the internet.",
	},
	tls_certificate_expired: {
		reason:
			"The certificate of {host} has expired, or is not valid before a later date.",
		fix: "Renew the certificate and reload the server.",
	},
	tls_name_mismatch: {
		reason: "The certificate that the server showed is not for {host}.",
		fix: "Install a certificate that names this host, or use a host that the certificate names, and then redeliver.",
	},
	tls_untrusted: {
		reason:
			"The certificate of {host} is not signed by an authority that is publicly trusted.",
		fix: "Use a certificate of a public authority, and have the server send its intermediate certificates too.",
	},
	tls_failed: {
		reason: "No secure connection to {host} could be set up.",
		fix: "Check that this port speaks HTTPS, with TLS 1.2 or newer.",
	},
	tls_timeout: {
		reason:
			"The server at {host} accepted the connection and did not finish the TLS handshake in time.",
		fix: "Check that this port speaks HTTPS, and that the server is not overloaded.",
	},
	timeout_send: {
		reason:
			"The server at {host} accepted the connection and did not read the request in time.",
		fix: "Check that the server, or the proxy before it, is not overloaded.",
	},
	timeout_first_byte: {
		reason:
			"The endpoint took the request and did not begin to answer in time.",
		fix: "Answer with a 2xx status as soon as the event is stored, and do the work after that.",
	},
	timeout_read: {
		reason: "The endpoint began to answer and did not finish in time.",
		fix: "Send a short answer at once, with a Content-Length, and nothing more.",
	},
	reset: {
		reason: "The connection was closed before the endpoint's answer was whole.",
		fix: "Check the endpoint's log for a crash or a restart at this time, and any proxy before it for its limits.",
	},
	protocol_error: {
		reason: "What the endpoint answered is not a valid HTTP/1.1 response.",
		fix: "Check that the URL leads to a web server, and that its headers are well formed and below 16 kB.",
	},
	forbidden_address: {
		reason:
			"Webhooks are sent to the public internet alone, and {host} leads elsewhere.",
		fix: "Use a host whose every A and AAAA record is a public address.",
	},
	invalid_url: {
		reason: "The webhook's URL cannot be called.",
		fix: "Set a whole URL such as https://example.com/hooks.",
	},
	invalid_header: {
		reason: "One of the webhook's own headers cannot be sent over HTTP.",
		fix: "Remove line breaks and characters that are not allowed from the headers that were set for this webhook.",
	},
	too_large: {
		reason: "The event is larger than a webhook may be.",
		fix: "Read the job through the API instead.",
	},
	no_secret: {
		reason: "There is no signing secret, and nothing is sent unsigned.",
		fix: "Create a webhook secret, or ask the operator to restore the key that opens the present one.",
	},
	worker_lost: {
		reason: "The attempt was interrupted on the sender's side.",
		fix: "Nothing needs to be done: it is sent again with the same webhook-id, and may arrive twice.",
	},
	unknown: {
		reason: "The attempt failed for a reason that is not known.",
		fix: "Check the endpoint's log at the time of this attempt, and redeliver.",
	},
} satisfies Record<string, { reason: string; fix: string }>;

/** What to do about a status that says more than its class. */
export const statusFixes: Readonly<Record<number, string>> = {
	401: "Let webhooks in without a login: verify their signature instead.",
	403: "Let webhooks through the firewall or bot protection before the endpoint: verify their signature instead.",
	404: "Check the path in the webhook's URL, and that the endpoint is deployed.",
	405: "Let the endpoint accept POST at this path.",
	413: "Raise the endpoint's limit for the size of a request.",
	415: "Let the endpoint accept the content type application/json.",
	502: "Check that the application behind the proxy is running.",
	503: "Check that the application is running and has free capacity.",
	504: "Answer with a 2xx status as soon as the event is stored, and do the work after that.",
};
