import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import app from "../fixtures/own-rules-app.ts";
import { eachLane } from "../fixtures/running.ts";

let client: TestClient;
before(async () => {
  client = await testClient(app);
});
after(() => client.close());

/** The answer, or the kinds and places of the mistakes. */
async function post(path: string, body: string): Promise<unknown> {
  const response = await client.post(path, { body, headers: { "content-type": "application/json" } });
  const answer = await response.json();
  if (response.status !== 422) return answer;
  const { detail } = answer as { detail: { type: string; loc: string[] }[] };
  return detail.map(({ type, loc }) => [type, loc.join(".")]);
}

eachLane("own rules: what a rule of the user's own refuses is not converted", async (lane) => {
  for (const [library, name, type] of [
    ["zod", "preprocess", "custom"],
    ["zod", "replaced", "invalid_type"],
    ["zod", "custom", "custom"],
    ["zod", "refine", "custom"],
    ["valibot", "check", "check"],
    ["arktype", "narrow", "predicate"],
  ] as const) {
    const path = `/${lane}/${library}`;
    assert.deepEqual(await post(path, `{"${name}": "7"}`), [[type, `body.${name}`]]);
    assert.deepEqual(await post(path, `{"${name}": 7}`), { [name]: 7 });
  }
  const many = Array.from({ length: 3_000 }, () => ({ preprocess: 7 }));
  const text = (wrong: string) => JSON.stringify([...many, { preprocess: wrong }]);
  assert.deepEqual(await post(`/${lane}/long`, text("7")), [["custom", "body.3000.preprocess"]]);
});

eachLane("own rules: those after the schema see the converted value", async (lane) => {
  assert.deepEqual(await post(`/${lane}/zod`, '{"after": "7"}'), { after: 7 });
  assert.deepEqual(await post(`/${lane}/zod`, '{"after": "-7"}'), [["custom", "body.after"]]);
  assert.deepEqual(await post(`/${lane}/zod`, '{"trimmed": " 7 "}'), { trimmed: 7 });
  assert.deepEqual(await post(`/${lane}/arktype`, '{"nullable": "7"}'), { nullable: 7 });
});
