import { Router } from "offloop";
import { createSyncFn } from "synckit";
import { readObject, slowKey } from "./s3-client.ts";
import { compute, ranHere, wait } from "./wait.ts";

/** An object in S3. */
export const s3: Router = new Router({ prefix: "/s3" });

const readObjectSync = createSyncFn<typeof readObject>(new URL("../synchronous/s3.ts", import.meta.url));

s3.get("/plain", wait, ({ query }) => {
  readObjectSync(slowKey(query.seconds));
  return ranHere();
});

s3.get("/async", wait, async ({ query }) => {
  await readObject(slowKey(query.seconds));
  return ranHere();
});

s3.get("/trap", wait, async ({ query }) => {
  readObjectSync(slowKey(query.seconds)); // trap
  return ranHere();
});

s3.get("/thread", { ...wait, runs: "thread" }, async ({ query }) => {
  compute(await readObject(slowKey(query.seconds)), query.seconds);
  return ranHere();
});
