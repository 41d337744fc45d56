import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type as ark } from "arktype";
import { App, type OperationOptions, param } from "offloop";
import * as v from "valibot";
import { z } from "zod";
import { Components } from "../../src/openapi/components.ts";
import { describedDeclaration } from "../../src/openapi/declaration.ts";
import { parametersOf } from "../../src/openapi/parameters.ts";
import { operationIn } from "./read-document.ts";

/** The documented parameters of an operation at `/:id`, besides its path's name. */
function parameters(options: object): readonly Record<string, unknown>[] {
  const app = new App();
  app.get("/:id", options as OperationOptions, async () => {});
  return (operationIn(app, "get", "/{id}").parameters ?? []).filter(({ name }) => name !== "id");
}

function fail(): never {
  throw new Error("no");
}

describe("a parameter in the document", () => {
  test("of the path is required, and a string unless it has a schema", () => {
    const app = new App();
    app.get("/:id/:name", { params: { id: z.int().optional() } }, async () => {});
    assert.deepEqual(operationIn(app, "get", "/{id}/{name}").parameters, [
      { name: "id", in: "path", required: true, schema: { type: "integer" } },
      { name: "name", in: "path", required: true, schema: { type: "string" } },
    ]);
  });

  test("is required unless its schema takes what is absent", () => {
    const query = {
      plain: z.string(),
      optional: z.string().optional(),
      defaulted: z.int().default(10),
      nullish: z.string().nullish(),
      nullable: z.string().nullable(),
      caught: z.string().catch("x"),
    };
    const required = parameters({ query }).filter((parameter) => parameter.required);
    assert.deepEqual(
      required.map(({ name }) => name),
      ["plain", "nullable"],
    );
  });

  test("is required or not to other libraries too, whatever their checks do", () => {
    const failing = v.pipe(v.string(), v.check(fail));
    const rejecting = v.pipeAsync(
      v.any(),
      v.checkAsync(async () => fail()),
    );
    const throwing = v.pipe(v.any(), v.check(fail));
    const query = {
      failing,
      rejecting,
      throwing,
      optional: v.optional(v.string()),
      either: ark("string | undefined"),
    };
    assert.deepEqual(
      parameters({ query }).map(({ required }) => required),
      [true, true, true, false, false],
    );
  });

  test("of a header has hyphens", () => {
    const [parameter] = parameters({ headers: { X_Token: z.string() } });
    assert.deepEqual(parameter, {
      name: "x-token",
      in: "header",
      required: true,
      schema: { type: "string" },
    });
  });

  test("says what its schema says about it", () => {
    const q = z
      .string()
      .max(9)
      .optional()
      .meta({ description: "A word", deprecated: true, examples: ["ax"] });
    const short = { short: { value: "ax" } };
    assert.deepEqual(parameters({ query: { q }, examples: { query: { q: short } } }), [
      {
        name: "q",
        in: "query",
        required: false,
        schema: { type: "string", maxLength: 9, description: "A word", deprecated: true, examples: ["ax"] },
        description: "A word",
        deprecated: true,
        examples: short,
      },
    ]);
  });

  test("is left out when it is hidden, also one that may be null", () => {
    const query = {
      a: z.string().optional().meta({ hidden: true }),
      b: z.string().nullable().default(null).meta({ hidden: true }),
    };
    assert.deepEqual(parameters({ query }), []);
  });

  test("takes null beside its own type as an alternative", () => {
    const [parameter] = parameters({ query: { q: z.string().max(9).nullable().default(null) } });
    assert.deepEqual(parameter, {
      name: "q",
      in: "query",
      required: false,
      schema: { anyOf: [{ type: "string", maxLength: 9 }, { type: "null" }] },
    });
  });

  test("is called as param() says, and is as deprecated and hidden", () => {
    const query = {
      q: param(z.string().optional(), { alias: "item-query", deprecated: true }),
      secret: param(z.string(), { hidden: true }),
    };
    const headers = { strange_header: param(z.string().optional(), { alias: "strange_header" }) };
    const short = { short: { value: "ax" } };
    assert.deepEqual(parameters({ query, headers, examples: { query: { q: short } } }), [
      {
        name: "item-query",
        in: "query",
        required: false,
        schema: { type: "string", deprecated: true },
        deprecated: true,
        examples: short,
      },
      { name: "strange_header", in: "header", required: false, schema: { type: "string" } },
    ]);
  });

  test("that is hidden may be wrong all the same", () => {
    const app = new App();
    app.get("/", { query: { secret: param(z.string(), { hidden: true }) } }, async () => {});
    const { parameters, responses } = operationIn(app, "get", "/");
    assert.equal(parameters, undefined);
    assert.ok(responses["422"]);
  });

  test("is not required behind param() either when its schema takes what is absent", () => {
    const q = z
      .string()
      .refine(async () => true)
      .optional();
    assert.deepEqual(
      parameters({ query: { q: param(q, { alias: "item" }) } }).map(({ required }) => required),
      [false],
    );
  });

  test("of the path may have another name in the document", () => {
    const app = new App();
    const file = param(z.string(), { alias: "file_path" });
    app.get("/files/*", { params: { "*": file } }, async function read() {});
    app.get("/rest/*", async () => {});
    const { parameters, operationId } = operationIn(app, "get", "/files/{file_path}");
    assert.deepEqual(parameters, [
      { name: "file_path", in: "path", required: true, schema: { type: "string" } },
    ]);
    assert.equal(operationId, "read_files__file_path__get");
    assert.equal(operationIn(app, "get", "/rest/{path}").parameters?.[0]?.name, "path");
  });

  test("may be a field of alternatives, or of schemas that all have to fit", () => {
    const sort = z.object({ sort: z.string(), page: z.int() });
    const query = z
      .union([sort, z.object({ cursor: z.string(), page: z.string() })])
      .and(z.object({ limit: z.int() }));
    assert.deepEqual(
      Object.fromEntries(
        parameters({ query }).map(({ name, required, schema }) => [name, [required, schema]]),
      ),
      {
        sort: [false, { type: "string" }],
        page: [true, { anyOf: [{ type: "integer" }, { type: "string" }] }],
        cursor: [false, { type: "string" }],
        limit: [true, { type: "integer" }],
      },
    );
  });

  test("of a header is a field of one schema by its hyphens", () => {
    const headers = z.object({ save_data: z.boolean(), x_tag: z.array(z.string()).default([]) });
    assert.deepEqual(
      parameters({ headers }).map(({ name, required, schema }) => [name, required, schema]),
      [
        ["save-data", true, { type: "boolean" }],
        ["x-tag", false, { type: "array", items: { type: "string" }, default: [] }],
      ],
    );
  });

  test("may be a field of one schema for all", () => {
    const filters = z.object({ limit: z.int().default(10), sort: z.string() }).meta({ id: "Filters" });
    const declaration = describedDeclaration("list", "get", "/", { query: filters as never });
    assert.deepEqual(parametersOf(declaration, new Components()), [
      { name: "limit", in: "query", required: false, schema: { type: "integer", default: 10 } },
      { name: "sort", in: "query", required: true, schema: { type: "string" } },
    ]);
  });
});
