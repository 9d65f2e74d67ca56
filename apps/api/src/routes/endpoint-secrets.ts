import { rotateSecretSchema } from "@reelay/shared/contracts/endpoint-api";
import { expireSecret, listSecrets } from "@reelay/shared/store/secrets";
import { Router } from "express";
import type { EndpointDeps } from "../change-endpoint.ts";
import { requireScope } from "../middleware/authenticate.ts";
import { requireJson } from "../middleware/require-json.ts";
import { getEndpoint } from "../owned.ts";
import { parseBody } from "../parse.ts";
import { noSuch, problemFor } from "../problem.ts";
import { addSecret, presentSecret } from "../rotate-secret.ts";

/** The routes of /v1/endpoints/{id}/secrets: what signs its deliveries, rotated with an overlap. */
export function endpointSecretRoutes(deps: EndpointDeps): Router {
	const router = Router({ mergeParams: true });
	router.use(requireScope("webhooks"));

	router.get("/", async (req, res) => {
		const { id } = await getEndpoint(deps.db, req, res);
		const secrets = await listSecrets(deps.db, id);
		res.json({ data: secrets.map(presentSecret) });
	});

	router.post("/", requireJson, async (req, res) => {
		const body = parseBody(rotateSecretSchema, req.body);
		const { id } = await getEndpoint(deps.db, req, res);
		res.status(201).json(await addSecret(deps, id, body));
	});

	router.delete("/:secretId", async (req, res) => {
		const { id } = await getEndpoint(deps.db, req, res);
		const secretId = String(req.params.secretId);
		const known = await listSecrets(deps.db, id);
		if (!known.some((secret) => secret.id === secretId)) throw noSuch("secret");
		if (!(await expireSecret(deps.db, id, secretId))) {
			throw problemFor("last_secret", {
				detail: "It is the only one that signs; add another one first.",
			});
		}
		res.status(204).end();
	});

	return router;
}
