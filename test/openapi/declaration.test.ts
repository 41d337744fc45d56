import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { oauth2PasswordBearer, passwordForm } from "offloop/security";
import { z } from "zod";
import { Components } from "../../src/openapi/components.ts";
import { type Declaration, describedDeclaration } from "../../src/openapi/declaration.ts";
import { parametersOf, takesParameters } from "../../src/openapi/parameters.ts";
import { requestBodyOf } from "../../src/openapi/request-body.ts";
import { responsesOf } from "../../src/openapi/responses.ts";
import { securityOf, securitySchemesOf } from "../../src/openapi/security.ts";

/** An operation of which everything but the given parts is empty. */
function declaration(parts: Partial<Declaration>): Declaration {
  return { ...describedDeclaration("name", "post", "/", {}), ...parts };
}

const none = { params: {}, query: {}, headers: {}, cookies: {} };

describe("the parameters of dependencies", () => {
  test("come after the operation's own, each once, and a required one wins", () => {
    const operation = declaration({
      parameters: [
        { ...none, query: { q: z.string().optional(), skip: z.int().default(0) } },
        { ...none, headers: { x_token: z.string() }, query: { q: z.string() } },
        { ...none, query: { q: z.string().optional() } },
      ],
    });
    assert.deepEqual(
      parametersOf(operation, new Components()).map(({ in: place, name, required }) => [
        place,
        name,
        required,
      ]),
      [
        ["query", "q", true],
        ["query", "skip", false],
        ["header", "x-token", true],
      ],
    );
    assert.equal(takesParameters(operation), true);
    assert.equal(takesParameters(declaration({ parameters: [none, none] })), false);
  });
});

describe("the security of dependencies", () => {
  test("is asked for with that of the operation, scopes joined", () => {
    const token = oauth2PasswordBearer("token", { scopes: { me: "", items: "" } });
    const operation = declaration({
      security: [{ scheme: token, scopes: ["items"] }, token],
      documentation: { security: [{ scheme: token, scopes: ["me"] }] },
    });
    assert.deepEqual(securityOf(operation), [{ OAuth2PasswordBearer: ["items", "me"] }]);
    assert.deepEqual(Object.keys(securitySchemesOf([operation])), ["OAuth2PasswordBearer"]);
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
      const operation = declaration({ response: Moment, documentation: { responseMediaType } });
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
