import { param, settings } from "offloop";
import { override } from "offloop/testing";
import { z } from "zod";
import { createApp } from "../lane.ts";

const env = settings({
  app_name: param(z.string().default("Awesome API"), { alias: "APP_NAME" }),
  admin_email: param(z.string().default(""), { alias: "ADMIN_EMAIL" }),
  items_per_user: param(z.int().default(50), { alias: "ITEMS_PER_USER" }),
});

function info() {
  const app = createApp();
  app.get("/info", async () => ({ ...env }));
  return app;
}

export const app01 = info();
export const app02 = info();
export const app03 = info();
export const tutorial001 = info();

/** The replacements of settings, by the names in the recordings. */
export const overrides = {
  "get_settings -> get_settings_override": override(env, { admin_email: "testing_admin@example.com" }),
};
