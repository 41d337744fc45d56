import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Server, serve } from "offloop";
import { generateTypes } from "../clients/generate.ts";
import { compile, createFolder, shopDocument } from "./generated.ts";
import shop from "./shop.ts";

/** What the generated types are used for; it must compile against them, and then run. */
const use = `
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.ts";

export async function visit(baseUrl: string) {
  const client = createClient<paths>({ baseUrl });
  const sent: components["schemas"]["Item"] = { name: "Axe", price: 5, tags: [] }; // it takes a default for always there
  const posted = await client.POST("/items", { body: sent });
  const name: string | undefined = posted.data?.name;
  const read = await client.GET("/items/{item_id}", {
    params: { path: { item_id: 3 }, query: { limit: 7, sort: ["name", "price"] } },
  });
  const missing = await client.GET("/items/{item_id}", { params: { path: { item_id: 0 } } });
  const wrong = await client.GET("/items/{item_id}", { params: { path: { item_id: 1 }, query: { limit: 0 } } });
  const detail: string | undefined = missing.response.status === 404
    ? (missing.error as components["schemas"]["Message"]).detail
    : undefined;
  const moment = await client.PUT("/moments", { body: { at: "2026-01-01T00:00:00Z", exact: "yes" } });
  const exact: boolean | undefined = moment.data?.exact;
  return { name, read: read.data, detail, wrong: wrong.response.status, exact };
}
`;

describe("types that openapi-typescript makes of a document", () => {
  const folder = createFolder();
  let server: Server;

  before(async () => {
    server = await serve(shop, { port: 0, logLevel: "silent", signals: false });
    writeFileSync(join(folder.path, "schema.ts"), await generateTypes(shopDocument()));
  });
  after(async () => {
    folder.remove();
    await server.close();
  });

  test("compile, and fit the running app", async () => {
    writeFileSync(join(folder.path, "use.ts"), use);
    assert.equal(compile(folder.path, "use.ts"), "");
    const { visit } = await import(join(folder.path, "use.ts"));
    assert.deepEqual(await visit(server.url), {
      name: "Axe",
      read: { name: "item 3", price: 7, tags: ["name", "price"], picture: null },
      detail: "Item not found",
      wrong: 422,
      exact: true,
    });
  });

  test("refuse what the app would refuse", () => {
    const wrong = use
      .replace("price: 5, ", "")
      .replace("item_id: 3", 'item_id: "3"')
      .replace('exact: "yes"', "exact: true");
    writeFileSync(join(folder.path, "wrong.ts"), wrong);
    const problems = compile(folder.path, "wrong.ts");
    assert.match(problems, /'price' is missing/);
    assert.match(problems, /Type 'string' is not assignable to type 'number'/);
    assert.match(problems, /Type 'boolean' is not assignable to type 'string'/);
  });
});
