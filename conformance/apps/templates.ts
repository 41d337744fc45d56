import { fileURLToPath } from "node:url";
import { Eta } from "eta";
import { html } from "offloop";
import { createApp } from "../lane.ts";

const eta = new Eta({ views: fileURLToPath(new URL("templates", import.meta.url)) });

export const tutorial001 = createApp();
tutorial001.frontend("/static", new URL("static", import.meta.url), { fallback: null });
tutorial001.get("/items/:id", ({ params, request }) =>
  html(eta.render("./item", { id: params.id, origin: `http://${request.headers.get("host")}` })),
);
