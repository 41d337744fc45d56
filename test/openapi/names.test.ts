import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { App, Router } from "offloop";
import { toTemplate, toTitle } from "../../src/openapi/names.ts";
import { operationIn, paths } from "./read-document.ts";

describe("toTemplate()", () => {
  for (const [path, template] of [
    ["/", "/"],
    ["/items/:item_id", "/items/{item_id}"],
    ["/users/:user_id/items/:item_id", "/users/{user_id}/items/{item_id}"],
    ["/at/:hour(^\\d{2})h:minute(^\\d{2})m", "/at/{hour}h{minute}m"],
    ["/range/:from-:to", "/range/{from}-{to}"],
    ["/files/:name.:extension", "/files/{name}.{extension}"],
    ["/optional/:name?", "/optional/{name}"],
    ["/files/*", "/files/{path}"],
    ["/literal::colon", "/literal:colon"],
    ["/literal:::name", "/literal:{name}"],
    ["/either/:id((?:a|b)+)", "/either/{id}"],
  ] as const) {
    test(`writes ${path} as ${template}`, () => assert.equal(toTemplate(path), template));
  }
});

describe("toTitle()", () => {
  for (const [name, title] of [
    ["read_items", "Read Items"],
    ["readItems", "Read Items"],
    ["readHTML2", "Read HTML2"],
    ["_private_", "Private"],
  ] as const) {
    test(`writes ${name} as ${title}`, () => assert.equal(toTitle(name), title));
  }
});

describe("an operation's operationId", () => {
  test("is made of handler, path and method, as in FastAPI", () => {
    const app = new App();
    app.get("/items/:item_id", async function read_item() {});
    const operation = operationIn(app, "get", "/items/{item_id}");
    assert.equal(operation.operationId, "read_item_items__item_id__get");
    assert.equal(operation.summary, "Read Item");
  });

  test("is made of method and path for a handler without a name", () => {
    const app = new App();
    app.get("/items/:item_id", async () => {});
    app.get("/", async () => {});
    const operation = operationIn(app, "get", "/items/{item_id}");
    assert.equal(operation.operationId, "get_items_item_id");
    assert.equal(operation.summary, "Get Items Item Id");
    assert.equal(operationIn(app, "get", "/").operationId, "get_root");
  });

  test("is made of all three also where the handler's name says method and path", () => {
    const app = new App();
    app.get("/data", async function get_data() {});
    assert.equal(operationIn(app, "get", "/data").operationId, "get_data_data_get");
  });

  test("is the summary in words, of a handler without a name only", () => {
    const app = new App();
    app.get("/items", { operationId: "listItems" }, async () => {});
    app.get("/users", { operationId: "listUsers" }, async function read_users() {});
    assert.equal(operationIn(app, "get", "/items").summary, "List Items");
    assert.equal(operationIn(app, "get", "/users").summary, "Read Users");
  });

  test("is unique, also when two operations say the same", () => {
    const app = new App();
    app.get("/a/:x", async () => {});
    app.get("/a-x", async () => {});
    app.get("/b", { operationId: "list" }, async () => {});
    app.get("/c", { operationId: "list" }, async () => {});
    const ids = Object.values(paths(app)).map((item) => item.get?.operationId);
    assert.deepEqual(ids, ["get_a_x", "get_a_x_2", "list", "list_2"]);
  });

  test("follows the app's own rule, unless the operation says it", () => {
    const app = new App({ operationId: ({ tags, name }) => `${tags[0]}-${name}` });
    app.get("/items", { tags: ["items"] }, async function list() {});
    app.get("/users", { tags: ["users"], operationId: "mine" }, async function list() {});
    assert.equal(operationIn(app, "get", "/items").operationId, "items-list");
    assert.equal(operationIn(app, "get", "/users").operationId, "mine");
  });

  test("follows the rule of the nearest router that has one", () => {
    const app = new App({ operationId: ({ name }) => `app ${name}` });
    const [plain, outer, inner] = [
      new Router(),
      new Router({ operationId: ({ path }) => `outer ${path}` }),
      new Router({ operationId: ({ method }) => `inner ${method}` }),
    ];
    plain.get("/plain", async function list() {});
    outer.get("/outer", async function list() {});
    inner.get("/inner", async function list() {});
    outer.include(inner);
    app.include(plain);
    app.include(outer);
    const ids = Object.values(paths(app)).map((item) => item.get?.operationId);
    assert.deepEqual(ids, ["app list", "outer /outer", "inner get"]);
  });
});
