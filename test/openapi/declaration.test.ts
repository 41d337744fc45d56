import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { App, depends, param } from "offloop";
import { oauth2PasswordBearer, passwordForm } from "offloop/security";
import { z } from "zod";
import { Components } from "../../src/openapi/components.ts";
import {
  type Declaration,
  type DeclaredInputs,
  describedDeclaration,
  sessionScheme,
} from "../../src/openapi/declaration.ts";
import { requestBodyOf } from "../../src/openapi/request-body.ts";
import { responsesOf } from "../../src/openapi/responses.ts";
import { securityOf, securitySchemesOf } from "../../src/openapi/security.ts";
import { operationIn, schemas } from "./read-document.ts";

const nothing: DeclaredInputs = {
  params: {},
  query: {},
  headers: {},
  cookies: {},
  body: undefined,
  form: undefined,
};

/** An operation of which everything but the given parts is empty. */
function declaration({ body, form, ...parts }: Partial<Declaration & DeclaredInputs>): Declaration {
  const inputs = [{ ...nothing, body, form }];
  return { ...describedDeclaration("name", "post", "/", {}), inputs, ...parts };
}

/** The document's operation that needs the given dependencies. */
function operationNeeding(deps: Record<string, ReturnType<typeof depends>>, options: object = {}): App {
  const app = new App();
  app.post("/items", { deps, operationId: "add", ...options }, async () => {});
  return app;
}

describe("the parameters of dependencies", () => {
  test("come after the operation's own, however deep, each once, and a required one wins", () => {
    const inner = depends(
      { headers: { x_token: z.string() }, query: { q: z.string() } },
      async ({ query }) => query,
    );
    const outer = depends({ deps: { inner }, query: { q: z.string().optional() } }, async () => {});
    const app = operationNeeding(
      { outer, inner },
      { query: { q: z.string().optional(), skip: z.int().default(0) } },
    );
    const { parameters = [], responses } = operationIn(app, "post", "/items");
    assert.deepEqual(
      parameters.map(({ in: place, name, required }) => [place, name, required]),
      [
        ["query", "q", true],
        ["query", "skip", false],
        ["header", "x-token", true],
      ],
    );
    assert.ok(responses["422"]);
  });

  test("of routers and the app come before those of the operation's dependencies", () => {
    const reads = (name: string) => depends({ query: { [name]: z.string() } }, async () => {});
    const app = new App({ deps: { a: reads("a") } });
    app.get("/", { deps: { b: reads("b") }, query: { own: z.string() } }, async () => {});
    const { parameters = [] } = operationIn(app, "get", "/");
    assert.deepEqual(
      parameters.map(({ name }) => name),
      ["own", "a", "b"],
    );
  });

  test("that need each other are listed all the same", () => {
    const deps: Record<string, ReturnType<typeof depends>> = {};
    const first = depends({ query: { a: z.string() }, deps }, async () => {});
    deps.second = depends({ query: { b: z.string() }, deps: { first } }, async () => {}) as never;
    const { parameters = [] } = operationIn(operationNeeding({ first: first as never }), "post", "/items");
    assert.deepEqual(
      parameters.map(({ name }) => name),
      ["a", "b"],
    );
  });
});

describe("the bodies of dependencies", () => {
  const Item = z.object({ name: z.string() }).meta({ id: "Item" });
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

  test("are the operation's when it has none", () => {
    const item = depends({ body: Item }, async ({ body }) => body);
    const { requestBody } = operationIn(operationNeeding({ item }), "post", "/items");
    assert.deepEqual(requestBody, {
      content: { "application/json": { schema: ref("Item") } },
      required: true,
    });
  });

  test("add their keys to those of the operation", () => {
    const user = depends(
      { body: { user: z.string(), note: param(z.string().optional(), { alias: "memo" }) } },
      async () => {},
    );
    const app = operationNeeding({ user }, { body: { item: Item } });
    assert.deepEqual(operationIn(app, "post", "/items").requestBody, {
      content: { "application/json": { schema: ref("Body_add") } },
      required: true,
    });
    assert.deepEqual(schemas(app).Body_add, {
      type: "object",
      properties: { item: ref("Item"), user: { type: "string" }, memo: { type: "string" } },
      required: ["item", "user"],
    });
  });

  test("all have to fit when they are of the whole body", () => {
    const stamp = depends({ body: z.object({ at: z.iso.datetime() }).meta({ id: "Stamp" }) }, async () => {});
    const key = depends({ body: { key: z.int() } }, async () => {});
    const again = depends({ body: Item }, async () => {});
    const app = operationNeeding({ stamp, key, again }, { body: Item });
    const { content } = operationIn(app, "post", "/items").requestBody ?? {};
    assert.deepEqual(content, {
      "application/json": { schema: { allOf: [ref("Item"), ref("Stamp"), ref("Body_add")] } },
    });
  });

  test("may be forms, whose files make the operation's form multipart", () => {
    const upload = depends({ form: { file: z.file() } }, async () => {});
    const app = operationNeeding({ upload }, { form: { note: z.string() } });
    const { content } = operationIn(app, "post", "/items").requestBody ?? {};
    assert.deepEqual(content, { "multipart/form-data": { schema: ref("Body_add") } });
    assert.deepEqual(schemas(app).Body_add?.required, ["note", "file"]);
  });
});

describe("the security of dependencies", () => {
  test("is asked for with that of the operation, scopes joined", () => {
    const token = oauth2PasswordBearer("token", { scopes: { me: "", items: "" } });
    const session = sessionScheme(undefined);
    const operation = declaration({
      security: [{ scheme: token, scopes: ["items"] }, token],
      documentation: { security: [{ scheme: token, scopes: ["me"] }] },
    });
    assert.deepEqual(securityOf(operation, session), [{ OAuth2PasswordBearer: ["items", "me"] }]);
    assert.deepEqual(Object.keys(securitySchemesOf([operation], session)), ["OAuth2PasswordBearer"]);
  });
});

describe("a form", () => {
  test("without a name is called after its operation, as in FastAPI", () => {
    const components = new Components();
    const body = requestBodyOf(declaration({ form: passwordForm }), "login_token_post", components);
    const { document, schemas } = components.resolve(body);
    assert.deepEqual(document, {
      content: {
        "application/x-www-form-urlencoded": {
          schema: { $ref: "#/components/schemas/Body_login_token_post" },
        },
      },
      required: true,
    });
    assert.deepEqual(schemas.Body_login_token_post?.required, ["username", "password"]);
  });

  test("with files is multipart, and shows them as bytes", () => {
    const fields = { file: z.file(), files: z.array(z.file()), note: z.string().optional() };
    const bytes = { type: "string", contentMediaType: "application/octet-stream" };
    for (const form of [fields, z.object(fields)]) {
      const components = new Components();
      const body = requestBodyOf(declaration({ form }), "upload", components);
      const { document, schemas } = components.resolve(body);
      assert.deepEqual(Object.keys(document?.content ?? {}), ["multipart/form-data"]);
      assert.deepEqual(schemas.Body_upload?.required, ["file", "files"]);
      assert.deepEqual(schemas.Body_upload?.properties, {
        file: bytes,
        files: { type: "array", items: bytes },
        note: { type: "string" },
      });
    }
  });

  test("with a file in one of its alternatives is multipart", () => {
    const form = z.discriminatedUnion("by", [
      z.object({ by: z.literal("file"), file: z.file() }),
      z.object({ by: z.literal("url"), url: z.url() }),
    ]);
    const body = requestBodyOf(declaration({ form }), "upload", new Components());
    assert.deepEqual(Object.keys(body?.content ?? {}), ["multipart/form-data"]);
  });

  test("beside a JSON body is the other way to send one", () => {
    const body = requestBodyOf(
      declaration({ body: z.int(), form: { a: z.string() } }),
      "x",
      new Components(),
    );
    assert.deepEqual(Object.keys(body?.content ?? {}), [
      "application/json",
      "application/x-www-form-urlencoded",
    ]);
  });

  test("that does not fit is a 422", () => {
    const form = declaration({ form: passwordForm });
    assert.deepEqual(Object.keys(responsesOf(form, new Components())), ["200", "422"]);
  });
});

describe("a body of several parts", () => {
  const Item = z.object({ name: z.string() }).meta({ id: "Item" });

  test("is called after its operation, as in FastAPI", () => {
    const components = new Components();
    const body = requestBodyOf(
      declaration({ body: { item: Item, importance: z.int().optional() } }),
      "update_item_put",
      components,
    );
    const { document, schemas } = components.resolve(body);
    assert.deepEqual(document, {
      content: { "application/json": { schema: { $ref: "#/components/schemas/Body_update_item_put" } } },
      required: true,
    });
    assert.deepEqual(schemas.Body_update_item_put, {
      type: "object",
      properties: { item: { $ref: "#/components/schemas/Item" }, importance: { type: "integer" } },
      required: ["item"],
    });
  });

  test("is not required when none of them is", () => {
    const body = requestBodyOf(declaration({ body: { item: Item.optional() } }), "x", new Components());
    assert.equal(body?.required, undefined);
  });
});

describe("a response schema", () => {
  const Moment = z.object({ exact: z.stringbool() });

  test("is shown in its output form", () => {
    const { 200: ok } = responsesOf(declaration({ response: Moment }), new Components());
    const schema = { type: "object", properties: { exact: { type: "boolean" } }, required: ["exact"] };
    assert.deepEqual(ok, { description: "Successful Response", content: { "application/json": { schema } } });
  });

  test("is that of each item of a stream", () => {
    const schema = { type: "object", properties: { exact: { type: "boolean" } }, required: ["exact"] };
    const contentOf = (responseMediaType: string): unknown => {
      const operation = declaration({ response: Moment, responseMediaType });
      const { 200: ok } = responsesOf(operation, new Components()) as Record<string, { content: unknown }>;
      return ok?.content;
    };
    assert.deepEqual(contentOf("application/jsonl"), { "application/jsonl": { itemSchema: schema } });
    assert.deepEqual(contentOf("text/event-stream"), {
      "text/event-stream": {
        itemSchema: {
          type: "object",
          properties: {
            data: { type: "string", contentMediaType: "application/json", contentSchema: schema },
            event: { type: "string" },
            id: { type: "string" },
            retry: { type: "integer", minimum: 0 },
          },
          required: ["data"],
        },
      },
    });
  });
});
