import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Validator } from "@seriousme/openapi-schema-validator";
import { App } from "offloop";
import { z } from "zod";
import { createDocument, type OpenApiDocument } from "../../src/openapi/document.ts";
import shop from "./shop.ts";

const streaming = new App({ title: "Streams" });
streaming.get("/events", { responseMediaType: "text/event-stream" }, async () => {});
streaming.post("/lines", { responseMediaType: "application/jsonl", body: z.string() }, async () => {});

const served = (app: App): OpenApiDocument => JSON.parse(JSON.stringify(createDocument(app)));

for (const [name, app, version] of [
  ["an app that has everything", shop, "3.1"],
  ["an app without operations", new App(), "3.1"],
  ["an app that streams items", streaming, "3.2"],
] as const) {
  describe(`the document of ${name}`, () => {
    test(`is valid OpenAPI ${version} to @seriousme/openapi-schema-validator`, async () => {
      const validator = new Validator();
      const { valid, errors } = await validator.validate(served(app));
      assert.ok(valid, JSON.stringify(errors, null, 2));
      assert.equal(validator.version, version);
    });

    test("breaks no rule of the specification to Redocly", async () => {
      const config = await createConfig({ extends: ["spec"] });
      const source = JSON.stringify(createDocument(app));
      const problems = await lintFromString({ source, absoluteRef: "/openapi.json", config });
      assert.deepEqual(
        problems.map(({ ruleId, message, location }) => `${ruleId} ${message} ${location[0]?.pointer}`),
        [],
      );
    });
  });
}

describe("the validators", () => {
  test("refuse a document that is broken", async () => {
    const broken = served(shop);
    broken.paths = { "/x/{id}": { get: { responses: { "200": {} } } } };
    const config = await createConfig({ extends: ["spec"] });
    const source = JSON.stringify(broken);
    const problems = await lintFromString({ source, absoluteRef: "/openapi.json", config });
    assert.ok(problems.length > 0);
    assert.equal((await new Validator().validate(broken)).valid, false);
  });
});
