// Sends requests from the forms of /docs. The key is read from its field when it is needed, and kept nowhere else.
const keyForm = document.querySelector("#key");

function show(output, lines) {
	const block = document.createElement("pre");
	block.textContent = lines.join("\n");
	output.replaceChildren(block);
}

function valuesAt(form, place) {
	const fields = [...form.querySelectorAll(`[data-place="${place}"]`)];
	return fields
		.filter((field) => field.value !== "")
		.map((field) => [field.name, field.value]);
}

function addressOf(form) {
	let path = form.dataset.route;
	for (const [name, value] of valuesAt(form, "path")) {
		path = path.replace(`{${name}}`, encodeURIComponent(value));
	}
	const query = new URLSearchParams(valuesAt(form, "query"));
	return query.size === 0 ? path : `${path}?${query}`;
}

function headersOf(form, body) {
	const key = keyForm.elements.namedItem("key").value.trim();
	return {
		...Object.fromEntries(valuesAt(form, "header")),
		...(body === undefined ? {} : { "content-type": "application/json" }),
		...(form.dataset.key === "no" || key === ""
			? {}
			: { authorization: `Bearer ${key}` }),
	};
}

function readable(text) {
	try {
		return JSON.stringify(JSON.parse(text), null, 2);
	} catch {
		return text;
	}
}

async function send(form, output) {
	const [[, body] = []] = valuesAt(form, "body");
	const startedAt = performance.now();
	const answer = await fetch(addressOf(form), {
		method: form.dataset.method,
		headers: headersOf(form, body),
		body,
		credentials: "omit",
		redirect: "error",
	});
	const text = await answer.text();
	const told = ["location", "retry-after", "idempotency-replayed"];
	const headers = told
		.filter((name) => answer.headers.has(name))
		.map((name) => `${name}: ${answer.headers.get(name)}`);
	const tookMs = Math.round(performance.now() - startedAt);
	show(output, [
		`${answer.status} ${answer.statusText} in ${tookMs} ms`,
		...headers,
		"",
		readable(text),
	]);
}

for (const details of document.querySelectorAll("details.try")) {
	const form = details.querySelector("form");
	const output = details.querySelector("output");
	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		const button = form.querySelector("button");
		button.disabled = true;
		try {
			await send(form, output);
		} catch (error) {
			show(output, [`The request was not answered: ${error.message}`]);
		} finally {
			button.disabled = false;
		}
	});
	details.hidden = false;
}

keyForm.addEventListener("submit", (event) => event.preventDefault());
keyForm.hidden = false;
