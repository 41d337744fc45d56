import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Server, serve } from "offloop";
import { generateClient } from "../clients/generate.ts";
import { compile, createFolder, shopDocument } from "./generated.ts";
import shop from "./shop.ts";

const use = `
import { client } from "./generated/client.gen.ts";
import { getKey, postItems, readItemItemsItemIdGet, turnPagePagesPut, uploadFilesPost } from "./generated/index.ts";
import type { Item, MomentInput, MomentOutput } from "./generated/index.ts";

export async function visit(baseUrl: string) {
  client.setConfig({ baseUrl });
  const sent: Item = { name: "Axe", price: 5 };
  const posted = await postItems({ body: sent });
  const read = await readItemItemsItemIdGet({ path: { item_id: 3 }, query: { limit: 7, sort: ["name"] } });
  const missing = await readItemItemsItemIdGet({ path: { item_id: 0 } });
  const key = await getKey({ auth: () => "k1" });
  const moments: [MomentInput, MomentOutput] = [{ at: "", exact: "yes" }, { at: "", exact: true }];
  const name: string | undefined = posted.data?.name;
  const uploaded = await uploadFilesPost({ body: { file: new File(["three"], "three.txt"), note: "mine" } });
  const page = await turnPagePagesPut({
    headers: { "x-user": "ada" },
    query: { skip: 3, "max-items": 5 },
    body: { first: sent, count: 7 },
  });
  const skip: number | undefined = page.data?.skip;
  return { name, uploaded: uploaded.data, skip, read: read.data, missing: missing.error, key: key.data, moments: moments.length };
}
`;

describe("the client that @hey-api/openapi-ts makes of a document", () => {
  const folder = createFolder();
  let server: Server;

  before(async () => {
    server = await serve(shop, { port: 0, logLevel: "silent", signals: false });
    await generateClient(shopDocument(), join(folder.path, "generated"));
  });
  after(async () => {
    folder.remove();
    await server.close();
  });

  test("compiles, and fits the running app", async () => {
    writeFileSync(join(folder.path, "use.ts"), use);
    assert.equal(compile(folder.path, "use.ts"), "");
    const { visit } = await import(join(folder.path, "use.ts"));
    assert.deepEqual(await visit(server.url), {
      name: "Axe",
      uploaded: { name: "three.txt", size: 5, note: "mine" },
      skip: 3,
      read: { name: "item 3", price: 7, tags: ["name"], picture: null },
      missing: { detail: "Item not found" },
      key: "k1",
      moments: 2,
    });
  });
});
