import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { App, Router } from "offloop";
import { z } from "zod";
import { createDocument } from "../../src/openapi/document.ts";
import { type OperationObject, operationIn, paths, schemas } from "./read-document.ts";

const nothing = async (): Promise<void> => {};

describe("createDocument()", () => {
  test("documents an operation that declares nothing as FastAPI does", () => {
    const app = new App({ title: "FastAPI" });
    app.get("/items/", async function read_items() {});
    assert.deepEqual(createDocument(app), {
      openapi: "3.1.0",
      info: { title: "FastAPI", version: "0.1.0" },
      paths: {
        "/items/": {
          get: {
            summary: "Read Items",
            operationId: "read_items_items__get",
            responses: {
              "200": {
                description: "Successful Response",
                content: { "application/json": { schema: {} } },
              },
            },
          },
        },
      },
    });
  });

  test("writes everything the app says about itself", () => {
    const said = {
      summary: "Short",
      description: "Long",
      termsOfService: "https://x.example/terms",
      contact: { name: "Ada", url: "https://x.example", email: "ada@x.example" },
      license: { name: "MIT", identifier: "MIT" },
    };
    const tags = [{ name: "items", description: "Things" }];
    const app = new App({
      ...said,
      title: "Shop",
      version: "2",
      openapiTags: tags,
      servers: [{ url: "https://x.example", description: "Live" }],
      externalDocs: { url: "https://x.example/docs" },
    });
    const document = createDocument(app);
    assert.deepEqual(document.info, { title: "Shop", version: "2", ...said });
    assert.deepEqual(document.tags, tags);
    assert.deepEqual(document.servers, [{ url: "https://x.example", description: "Live" }]);
    assert.deepEqual(document.externalDocs, { url: "https://x.example/docs" });
  });

  test("puts a proxy's path before the servers, once", () => {
    const served = (options: ConstructorParameters<typeof App>[0]): unknown =>
      createDocument(new App(options)).servers;
    assert.deepEqual(served({ rootPath: "/api/" }), [{ url: "/api" }]);
    assert.deepEqual(served({ rootPath: "/api", servers: [{ url: "/v1" }] }), [
      { url: "/api" },
      { url: "/v1" },
    ]);
    assert.deepEqual(served({ rootPath: "/api", servers: [{ url: "/api" }] }), [{ url: "/api" }]);
    assert.equal(served({ rootPath: "/api", rootPathInServers: false }), undefined);
  });

  test("leaves out hidden operations, and paths that have none but these", () => {
    const app = new App();
    app.get("/a", { hidden: true }, nothing);
    app.get("/b", { hidden: true }, nothing);
    app.post("/b", nothing);
    assert.deepEqual(Object.keys(paths(app)), ["/b"]);
    assert.deepEqual(Object.keys(paths(app)["/b"] ?? {}), ["post"]);
  });

  test("takes operations of routers with their prefixes and tags", () => {
    const app = new App();
    const items = new Router({ prefix: "/items", tags: ["items"] });
    items.get("/:id", { tags: ["one", "items"] }, nothing);
    app.include(items, { prefix: "/v1" });
    assert.deepEqual(operationIn(app, "get", "/v1/items/{id}").tags, ["items", "one"]);
  });

  test("says of a router's operations what the routers around them say, the nearest one's responses first", () => {
    const app = new App({ responses: { 401: { description: "Who?" }, 418: { description: "Tea" } } });
    const items = new Router({ prefix: "/items", responses: { 418: { description: "Coffee" } } });
    const event = { event: { "{$request.body#/url}": { post: {} } } };
    items.get("/", { responses: { 404: {}, 401: { description: "Me" } } }, nothing);
    items.post("/", { callbacks: event }, nothing);
    app.include(items, { deprecated: true, callbacks: { other: {} } });
    const { responses, deprecated } = operationIn(app, "get", "/items/");
    assert.equal(deprecated, true);
    assert.deepEqual(
      Object.entries(responses).map(([status, { description }]) => [status, description]),
      [
        ["200", "Successful Response"],
        ["401", "Me"],
        ["404", "Not Found"],
        ["418", "Coffee"],
      ],
    );
    assert.deepEqual(Object.keys(operationIn(app, "post", "/items/").callbacks ?? {}), ["other", "event"]);
  });

  test("leaves out the operations of a hidden router, and those in it", () => {
    const app = new App();
    const [outer, inner] = [new Router({ hidden: true }), new Router({ hidden: false })];
    inner.get("/inner", nothing);
    outer.get("/outer", nothing);
    outer.include(inner);
    app.include(outer);
    app.include(inner, { prefix: "/shown" });
    assert.deepEqual(Object.keys(paths(app)), ["/shown/inner"]);
  });

  test("describes webhooks under their names", () => {
    const Item = z.object({ name: z.string() }).meta({ id: "Item" });
    const app = new App({ webhooks: { "new-item": { post: { body: Item, description: "New" } } } });
    const { webhooks } = createDocument(app) as { webhooks: Record<string, Record<string, OperationObject>> };
    const hook = webhooks["new-item"]?.post;
    assert.equal(hook?.operationId, "new_item_post");
    assert.equal(hook?.description, "New");
    assert.deepEqual(hook?.requestBody, {
      content: { "application/json": { schema: { $ref: "#/components/schemas/Item" } } },
      required: true,
    });
  });

  test("describes everything a webhook's request may have", () => {
    const app = new App({
      webhooks: {
        sent: {
          post: {
            query: z.object({ at: z.int() }),
            headers: { x_signature: z.string() },
            form: { file: z.file() },
          },
        },
      },
    });
    const { webhooks } = createDocument(app) as { webhooks: Record<string, Record<string, OperationObject>> };
    const { parameters = [], requestBody } = webhooks.sent?.post ?? {};
    assert.deepEqual(
      parameters.map(({ in: place, name }) => [place, name]),
      [
        ["query", "at"],
        ["header", "x-signature"],
      ],
    );
    assert.deepEqual(Object.keys((requestBody?.content as object) ?? {}), ["multipart/form-data"]);
  });

  test("describes callbacks by URL, and names their models among the others", () => {
    const Event = z.object({ paid: z.boolean() }).meta({ id: "Event" });
    const Answer = z.object({ ok: z.boolean() }).meta({ id: "Answer" });
    const app = new App();
    const url = "{$callback_url}/invoices/{$request.body.id}";
    app.post(
      "/invoices/",
      { callbacks: { invoice_notification: { [url]: { post: { body: Event, response: Answer } } } } },
      nothing,
    );
    const callbacks = operationIn(app, "post", "/invoices/").callbacks as Record<
      string,
      Record<string, Record<string, OperationObject>>
    >;
    const callback = callbacks.invoice_notification?.[url]?.post;
    assert.equal(
      callback?.operationId,
      "invoice_notification__callback_url__invoices___request_body_id__post",
    );
    assert.deepEqual(Object.keys(schemas(app)), [
      "Answer",
      "Event",
      "HTTPValidationError",
      "ValidationError",
    ]);
  });

  test("lets the app change the document before it is served", () => {
    const app = new App({ openapi: (document) => ({ ...document, "x-logo": "logo.png" }) });
    assert.equal(createDocument(app)["x-logo"], "logo.png");
  });

  test("is of version 3.2 only when an operation streams items", () => {
    const app = new App();
    app.get("/plain", nothing);
    assert.equal(createDocument(app).openapi, "3.1.0");
    app.get("/events", { responseMediaType: "text/event-stream" }, nothing);
    assert.equal(createDocument(app).openapi, "3.2.0");
  });
});
