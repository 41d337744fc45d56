import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { App } from "offloop";
import { z } from "zod";
import { createDocument } from "../../src/openapi/document.ts";

const Cat = z.object({ kind: z.literal("cat"), lives: z.int() }).meta({ id: "Cat" });
const Dog = z.object({ kind: z.enum(["dog", "puppy"]), good: z.boolean().default(true) }).meta({ id: "Dog" });
const Pet = z.discriminatedUnion("kind", [Cat, Dog]);
const discriminator = {
  propertyName: "kind",
  mapping: {
    cat: "#/components/schemas/Cat",
    dog: "#/components/schemas/Dog",
    puppy: "#/components/schemas/Dog",
  },
};

interface Body {
  readonly content: { readonly "application/json": { readonly schema: unknown } };
}

function documented(schema: z.ZodType): {
  body: unknown;
  response: unknown;
  schemas: Record<string, unknown>;
} {
  const app = new App();
  app.post("/", { body: schema, response: schema }, async ({ body }) => body as never);
  const { paths, components } = createDocument(app) as {
    paths: { "/": { post: { requestBody: Body; responses: { 200: Body } } } };
    components: { schemas: Record<string, unknown> };
  };
  const { requestBody, responses } = paths["/"].post;
  return {
    body: requestBody.content["application/json"].schema,
    response: responses[200].content["application/json"].schema,
    schemas: components.schemas,
  };
}

describe("a union told apart by a property", () => {
  const oneOf = [{ $ref: "#/components/schemas/Cat" }, { $ref: "#/components/schemas/Dog" }];

  test("says which value means which model", () => {
    const { body, response } = documented(Pet);
    assert.deepEqual(body, { oneOf, discriminator });
    assert.deepEqual(response, { oneOf, discriminator });
  });

  test("says so within a list, a field and a model with a name", () => {
    assert.deepEqual(documented(z.array(Pet)).body, { type: "array", items: { oneOf, discriminator } });
    const { schemas } = documented(z.object({ pet: Pet.meta({ id: "Pet" }) }).meta({ id: "Owner" }));
    assert.deepEqual(schemas.Pet, { oneOf, discriminator });
  });

  test("does not, where an alternative has no name to refer to", () => {
    const { body } = documented(z.discriminatedUnion("kind", [Cat, z.object({ kind: z.literal("fish") })]));
    assert.equal("discriminator" in (body as object), false);
  });

  test("keeps a mapping of its own", () => {
    const own = { propertyName: "kind", mapping: { cat: "cat.json" } };
    assert.deepEqual(documented(Pet.meta({ discriminator: own })).body, { oneOf, discriminator: own });
  });
});
