import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { autocannon, findLoadGenerator } from "../../bench/load-generator.ts";

const server = createServer((request, response) => {
  response.statusCode = request.url === "/missing" ? 404 : 200;
  response.end("ok");
});
let url: string;

before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

for (const generator of new Set([findLoadGenerator(), autocannon])) {
  test(`${generator.name} gives what it has counted when it is stopped`, async () => {
    const load = generator.start(`${url}/`, { connections: 2, seconds: 60 });
    for (let answered = 0; answered < 10; answered++) await once(server, "request");
    load.stop();
    const { requests, perSecond, p99Ms } = await load.answered;
    assert.ok(requests >= 10, `${requests} requests`);
    assert.ok(perSecond > 0, `${perSecond} a second`);
    assert.ok(p99Ms >= 0 && p99Ms < 60_000, `p99 of ${p99Ms} ms`);
  });

  test(`${generator.name} opens a connection for each request where it is told to`, async () => {
    let opened = 0;
    const count = (): void => void opened++;
    server.on("connection", count);
    const { requests } = await generator.start(`${url}/`, { connections: 2, seconds: 1, closes: true })
      .answered;
    server.off("connection", count);
    assert.ok(opened >= requests, `${opened} connections for ${requests} requests`);
  });

  test(`${generator.name} throws when a response is no success`, async () => {
    await assert.rejects(
      generator.start(`${url}/missing`, { connections: 2, seconds: 1 }).answered,
      /Non-2xx|requests failed/,
    );
  });
}

test("a load on a server that does not listen throws", async () => {
  await assert.rejects(
    findLoadGenerator().start("http://127.0.0.1:1/", { connections: 2, seconds: 1 }).answered,
  );
});
