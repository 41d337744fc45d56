import assert from "node:assert/strict";
import { after, before } from "node:test";
import app from "../fixtures/foreign-app.ts";
import { eachLane, type LogEntry, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

const ask = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(server.url + path, { headers, redirect: "manual" });
const errorOf = ({ err }: LogEntry): unknown[] => {
  const { message, code, stack = "" } = err as Record<string, string>;
  return [message, code, /^TypeError: of another realm\n +at .*foreign-app\.ts/s.test(stack)];
};

eachLane(
  "an error of another realm is a 500, logged with its class, message, code and stack",
  async (lane) => {
    assert.equal((await ask(`/${lane}/throws`)).status, 500);
    const entry = await server.logged(
      ({ operation, err }) => operation === `GET /${lane}/throws` && err !== undefined,
    );
    assert.deepEqual(errorOf(entry), ["of another realm", "E_FOREIGN", true]);
  },
);

eachLane("an error of another realm that a task throws is logged so, too", async (lane) => {
  assert.equal((await ask(`/${lane}/adds`)).status, 200);
  const entry = await server.logged(
    ({ operation, task }) => operation === `GET /${lane}/adds` && task === "works",
  );
  assert.deepEqual(errorOf(entry), ["of another realm", "E_FOREIGN", true]);
});

eachLane(
  "redirect() sends what was escaped as it is, and escapes the rest, as Starlette does",
  async (lane) => {
    for (const [to, location] of [
      ["/login?next=%2Fhome", "/login?next=%2Fhome"],
      ["/ä b", "/%C3%A4%20b"],
      ["/a?b=[1]&c='d'#e", "/a?b=[1]&c='d'#e"],
    ] as const) {
      const { status, headers } = await ask(`/${lane}/redirects?to=${encodeURIComponent(to)}`);
      assert.deepEqual([status, headers.get("location")], [307, location]);
    }
  },
);

eachLane("an OAuth2 scheme hands over the empty token of a Bearer alone, as FastAPI does", async (lane) => {
  for (const [authorization, answer] of [
    ["Bearer", ""],
    ["Bearer t", "t"],
  ] as const) {
    const response = await ask(`/${lane}/token`, { authorization });
    assert.deepEqual([response.status, await response.json()], [200, answer]);
  }
  assert.equal((await ask(`/${lane}/token`)).status, 401);
  assert.equal((await ask(`/${lane}/token`, { authorization: "Basic YTpi" })).status, 401);
});

eachLane("a bound that JSON has no word for is left out of the document, and holds", async (lane) => {
  const { paths } = (await (await ask("/openapi.json")).json()) as {
    paths: Record<string, { get: { parameters: { schema: unknown }[] } }>;
  };
  const [parameter] = paths[`/${lane}/below`]?.get.parameters ?? [];
  assert.deepEqual(parameter?.schema, { type: "number" });
  assert.equal(await (await ask(`/${lane}/below?n=1e300`)).json(), 1e300);
});
