import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { testClient } from "offloop/testing";
import app from "../fixtures/media-app.ts";
import { lanes } from "../fixtures/running.ts";

const module = new URL("../fixtures/media-app.ts", import.meta.url).href;

interface Sent {
  readonly name: string;
  readonly tags: string[];
  readonly size: number;
  readonly team: string | null;
}

for (const socket of [false, true])
  for (const lane of lanes)
    describe(`testClient() requests [${lane}]${socket ? ", through a socket" : ""}`, () => {
      const headers = { "X-Team": "blue" };

      test("form sends fields urlencoded, a list as its name several times", async () => {
        await using client = await testClient(app, { module, socket, headers });
        const response = await client.post<Sent>(`/${lane}/form`, {
          form: { name: "ada", tags: ["a", "b"] },
        });
        const { name, tags, size } = await response.json();
        assert.deepEqual([name, tags, size], ["ada", ["a", "b"], 0]);
      });

      test("form with a file among its fields sends multipart", async () => {
        await using client = await testClient(app, { module, socket, headers });
        const form = { name: "ada", file: new File(["12345"], "a.txt") };
        const { size } = await (await client.post<Sent>(`/${lane}/form`, { form })).json();
        assert.equal(size, 5);
      });

      test("headers of the client go with every request, a request's own win", async () => {
        await using client = await testClient(app, { module, socket, headers });
        const team = async (own?: Record<string, string>): Promise<string | null> => {
          const given = own === undefined ? {} : { headers: own };
          const response = await client.post<Sent>(`/${lane}/form`, { form: { name: "ada" }, ...given });
          return (await response.json()).team;
        };
        assert.equal(await team(), "blue");
        assert.equal(await team({ "x-team": "red" }), "red");
      });
    });
