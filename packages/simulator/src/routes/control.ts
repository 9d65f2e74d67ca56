import express, { Router } from "express";
import { z } from "zod";
import {
	balanceSchema,
	type Control,
	defaultsPatchSchema,
	ledgerQuerySchema,
} from "../control.ts";
import { describeControl } from "../control-docs.ts";
import { scriptSchema } from "../scripts.ts";
import { usageLiesSchema } from "../usage.ts";

const scriptsSchema = z.union([scriptSchema, z.array(scriptSchema).max(1000)]);

/** The control route. It asks for no key: it is for the machine it runs on. */
export function controlRouter(control: Control): Router {
	const router = Router();
	router.use(express.json({ type: () => true, limit: "2mb" }));
	router.get("/", (_req, res) => {
		res.json(describeControl());
	});
	router.get("/settings", (_req, res) => {
		res.json(control.settings());
	});
	router.put("/defaults", (req, res) => {
		res.json(control.setDefaults(defaultsPatchSchema.parse(req.body)));
	});
	router.get("/scripts", (_req, res) => {
		res.json({ scripts: control.listScripts() });
	});
	router.post("/scripts", (req, res) => {
		const scripts = [scriptsSchema.parse(req.body)].flat();
		const ids = scripts.map((script) => control.addScript(script));
		res.status(201).json({ ids });
	});
	router.delete("/scripts", (_req, res) => {
		control.clearScripts();
		res.status(204).end();
	});
	router.post("/balance", (req, res) => {
		const balance = control.changeBalance(balanceSchema.parse(req.body));
		res.json({ balance });
	});
	router.put("/usage", (req, res) => {
		res.json(control.setUsageLies(usageLiesSchema.parse(req.body)));
	});
	router.post("/reset", (_req, res) => {
		control.reset();
		res.json(control.settings());
	});
	router.get("/ledger", (req, res) => {
		res.json(control.ledger(ledgerQuerySchema.parse(req.query)));
	});
	return router;
}
