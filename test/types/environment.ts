import { param, settings } from "offloop";
import { override } from "offloop/testing";
import { z } from "zod";

const env = settings({
  PORT: z.int().default(8000),
  adminEmail: param(z.email(), { alias: "ADMIN_EMAIL" }),
  HOSTS: z.array(z.string()).optional(),
});
env.PORT satisfies number;
env.adminEmail satisfies string;
env.HOSTS satisfies string[] | undefined;
// @ts-expect-error they can be read, not assigned
env.PORT = 1;
// @ts-expect-error there is no such setting
env.HOST;
override(env, { PORT: 1 });
override(env, {});
// @ts-expect-error it is a number
override(env, { PORT: "1" });
// @ts-expect-error there is no such setting
override(env, { HOST: "a" });

const whole = settings(z.object({ PORT: z.int(), URL: z.url() }), { file: ".env" });
whole.URL satisfies string;
override(whole, { URL: "http://x" });
// @ts-expect-error no settings
override({ PORT: 1 }, { PORT: 2 });
