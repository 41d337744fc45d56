import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { App, type OperationDocumentation } from "offloop";
import { z } from "zod";
import { type OperationObject, operationIn, schemas } from "./read-document.ts";

const Message = z.object({ message: z.string() }).meta({ id: "Message" });

function responses(options: OperationDocumentation & { status?: number }): OperationObject["responses"] {
  const app = new App();
  app.get("/", options, async () => {});
  return operationIn(app, "get", "/").responses;
}

const successful = { description: "Successful Response" };

describe("an operation's responses", () => {
  test("say that a request which does not fit is answered with 422, as FastAPI does", () => {
    const app = new App();
    app.get("/:id", async () => {});
    app.post("/", { body: z.string() }, async () => {});
    app.get("/", async () => {});
    const unfit = {
      description: "Validation Error",
      content: { "application/json": { schema: { $ref: "#/components/schemas/HTTPValidationError" } } },
    };
    assert.deepEqual(operationIn(app, "get", "/{id}").responses["422"], unfit);
    assert.deepEqual(operationIn(app, "post", "/").responses["422"], unfit);
    assert.equal(operationIn(app, "get", "/").responses["422"], undefined);
    assert.deepEqual(schemas(app).HTTPValidationError?.properties, {
      detail: { type: "array", title: "Detail", items: { $ref: "#/components/schemas/ValidationError" } },
    });
  });

  for (const status of ["422", "4XX", "default"] as const) {
    test(`say nothing of their own about 422 when the operation documents ${status}`, () => {
      const app = new App();
      app.get("/:id", { responses: { [status]: { description: "Mine" } } }, async () => {});
      const { responses } = operationIn(app, "get", "/{id}");
      assert.deepEqual(Object.keys(responses).sort(), ["200", status].sort());
    });
  }

  test("have no content where there is no body", () => {
    assert.deepEqual(responses({ status: 204 }), { "204": successful });
    assert.deepEqual(responses({ responseMediaType: null, status: 307 }), { "307": successful });
  });

  test("are strings in media types other than JSON", () => {
    const schema = { type: "string" };
    assert.deepEqual(responses({ responseMediaType: "text/html", responseDescription: "A page" }), {
      "200": { description: "A page", content: { "text/html": { schema } } },
    });
    assert.deepEqual(responses({ responseMediaType: "application/problem+json" }), {
      "200": { ...successful, content: { "application/problem+json": { schema: {} } } },
    });
  });

  test("have bodies in other media types as content, for a range of statuses too, from a router", () => {
    const content = { "application/problem+json": { schema: Message } };
    const app = new App({ responses: { "4XX": { content } } });
    app.get("/:id", async () => {});
    assert.deepEqual(operationIn(app, "get", "/{id}").responses["4XX"], {
      description: "Client Error",
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Message" } } },
    });
  });

  test("are sequences of items when they are streams", () => {
    const events = responses({ responseMediaType: "text/event-stream" })["200"]?.content as object;
    assert.deepEqual(events, {
      "text/event-stream": {
        itemSchema: {
          type: "object",
          properties: {
            data: { type: "string" },
            event: { type: "string" },
            id: { type: "string" },
            retry: { type: "integer", minimum: 0 },
          },
        },
      },
    });
  });

  test("are sequences of items for a generator, unless it says otherwise", () => {
    const app = new App();
    const response = z.object({ n: z.int() }).meta({ id: "Count" });
    async function* count() {
      yield { n: 1 };
    }
    app.get("/lines", { response }, count);
    app.get("/any", count);
    app.get("/events", { responseMediaType: "text/event-stream" }, count);
    const contentAt = (path: string) => operationIn(app, "get", path).responses["200"]?.content;
    assert.deepEqual(contentAt("/lines"), {
      "application/jsonl": { itemSchema: { $ref: "#/components/schemas/Count" } },
    });
    assert.deepEqual(contentAt("/any"), { "application/jsonl": { itemSchema: {} } });
    assert.deepEqual(Object.keys(contentAt("/events") as object), ["text/event-stream"]);
  });

  test("have the declared schema in its output form, named apart from the input when they differ", () => {
    const Moment = z.object({ exact: z.stringbool() }).meta({ id: "Moment" });
    const app = new App();
    app.post("/", { body: Moment, response: Moment, status: 201 }, async ({ body }) => body as never);
    const { responses, requestBody } = operationIn(app, "post", "/");
    assert.deepEqual(responses["201"]?.content, {
      "application/json": { schema: { $ref: "#/components/schemas/Moment-Output" } },
    });
    assert.deepEqual(requestBody?.content, {
      "application/json": { schema: { $ref: "#/components/schemas/Moment-Input" } },
    });
  });

  test("take what is said about other statuses", () => {
    const documented = responses({
      responses: {
        404: { schema: Message },
        "5XX": {},
        default: { description: "Else", headers: { "x-id": {}, "x-count": { schema: z.int() } } },
        599: {},
      },
    });
    const content = { "application/json": { schema: { $ref: "#/components/schemas/Message" } } };
    assert.deepEqual(documented["404"], { description: "Not Found", content });
    assert.deepEqual(documented["5XX"], { description: "Server Error" });
    assert.deepEqual(documented["599"], { description: "Additional Response" });
    assert.deepEqual(documented.default, {
      description: "Else",
      headers: { "x-id": { schema: { type: "string" } }, "x-count": { schema: { type: "integer" } } },
    });
  });

  test("add what is said about the success to what is known of it", () => {
    const example = { message: "hi" };
    const documented = responses({
      responses: { 200: { content: { "image/png": {}, "application/json": { example } } } },
    });
    assert.deepEqual(documented["200"], {
      ...successful,
      content: { "application/json": { schema: {}, example }, "image/png": {} },
    });
  });
});

describe("an operation in the document", () => {
  test("takes anything that has no option of its own", () => {
    const app = new App();
    const openapiExtra = { "x-portal": "blue", responses: { "200": { "x-cached": true } } };
    app.get("/", { openapiExtra, deprecated: true, servers: [{ url: "https://x.example" }] }, async () => {});
    const operation = operationIn(app, "get", "/");
    assert.equal(operation["x-portal"], "blue");
    assert.equal(operation.deprecated, true);
    assert.deepEqual(operation.servers, [{ url: "https://x.example" }]);
    assert.equal(operation.responses["200"]?.["x-cached"], true);
    assert.equal(operation.responses["200"]?.description, "Successful Response");
  });

  test("requires its body unless the schema takes what is absent", () => {
    const app = new App();
    app.post("/a", { body: Message }, async () => {});
    app.post("/b", { body: Message.nullable().default(null) }, async () => {});
    const schema = { $ref: "#/components/schemas/Message" };
    assert.deepEqual(operationIn(app, "post", "/a").requestBody, {
      content: { "application/json": { schema } },
      required: true,
    });
    assert.deepEqual(operationIn(app, "post", "/b").requestBody, {
      content: { "application/json": { schema: { anyOf: [schema, { type: "null" }] } } },
    });
  });
});
