import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
import { Components } from "../../src/openapi/components.ts";
import type { JsonSchema } from "../../src/openapi/json-schema.ts";

const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

describe("Components", () => {
  test("names a model once, however often and wherever it is used", () => {
    const Picture = z.object({ url: z.string() }).meta({ id: "Picture" });
    const Item = z.object({ picture: Picture, tags: z.array(z.string()).default([]) }).meta({ id: "Item" });
    const components = new Components();
    const uses = [components.use(Item, "input"), components.use(z.array(Item), "output")];
    const { document, schemas } = components.resolve(uses);
    assert.deepEqual(document, [ref("Item"), { type: "array", items: ref("Item") }]);
    assert.deepEqual(Object.keys(schemas), ["Item", "Picture"]);
    assert.deepEqual(schemas.Item?.required, ["picture"]);
  });

  test("names the two forms of a model apart when they differ, and those that hold it", () => {
    const Flag = z.object({ on: z.stringbool() }).meta({ id: "Flag" });
    const Holder = z.object({ flag: Flag }).meta({ id: "Holder" });
    const Other = z.object({ n: z.int() }).meta({ id: "Other" });
    const components = new Components();
    const uses = [Holder, Other].flatMap((schema) => [
      components.use(schema, "input"),
      components.use(schema, "output"),
    ]);
    const { document, schemas } = components.resolve(uses);
    assert.deepEqual(document, [ref("Holder-Input"), ref("Holder-Output"), ref("Other"), ref("Other")]);
    assert.deepEqual(schemas["Holder-Input"]?.properties, { flag: ref("Flag-Input") });
    assert.deepEqual(schemas["Flag-Output"]?.properties, { on: { type: "boolean" } });
  });

  test("distinguishes two models with the same name", () => {
    const components = new Components();
    const used = [z.object({ a: z.string() }), z.object({ b: z.string() })].map((schema) =>
      components.use(schema.meta({ id: "Same" }), "input"),
    );
    const named = [{ type: "string" }, { type: "number" }].map((schema) => components.name("Other", schema));
    assert.deepEqual(components.resolve(used).document, [ref("Same"), ref("Same_2")]);
    assert.deepEqual(components.resolve(named).document, [ref("Other"), ref("Other_2")]);
  });

  test("keeps only models that the document refers to", () => {
    const components = new Components();
    components.use(z.object({ a: z.string() }).meta({ id: "Unused" }), "input");
    assert.deepEqual(components.resolve({}).schemas, {});
  });

  test("names a nameless model that contains itself", () => {
    const Tree = z.object({
      value: z.string(),
      get branches() {
        return z.array(Tree);
      },
    });
    const components = new Components();
    const { document, schemas } = components.resolve([
      components.use(Tree, "input"),
      components.use(z.object({ left: Tree, right: Tree }), "input"),
    ]);
    assert.deepEqual(document[0], ref("Recursive"));
    assert.deepEqual(document[1]?.properties, { left: ref("Recursive"), right: ref("Recursive") });
    assert.deepEqual(schemas.Recursive?.properties, {
      value: { type: "string" },
      branches: { type: "array", items: ref("Recursive") },
    });
  });

  test("makes a name of any id fit for a reference", () => {
    const components = new Components();
    const used = components.use(z.object({}).meta({ id: "Page<Item> / 2" }), "input");
    assert.deepEqual(components.resolve(used).document, ref("Page_Item____2"));
  });
});
