import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { describe, test } from "node:test";
import { OffloopError, type ServeOptions } from "offloop";
import inspected from "../fixtures/inspected-app.ts";
import owner from "../fixtures/inspector-owner.ts";
import { type Running, running } from "../fixtures/running.ts";

const token = "0123456789abcdef0123456789abcdef";

async function withServer(options: ServeOptions, ask: (server: Running) => Promise<void>): Promise<void> {
  const server = await running(inspected, options);
  try {
    await ask(server);
  } finally {
    await server.close();
  }
}

/** A response whose headers have come; `fetch` does not let a test choose the Host. */
async function request(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<IncomingMessage> {
  const [response] = (await once(get(url, { headers, agent: false }), "response")) as [IncomingMessage];
  return response;
}

async function statusOf(
  url: string,
  headers?: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const response = await request(url, headers);
  response.destroy();
  return response.statusCode;
}

/** Reads the stream until what was sent fits. */
async function readUntil(response: IncomingMessage, fits: (text: string) => boolean): Promise<string> {
  let text = "";
  for await (const chunk of response) {
    text += String(chunk);
    if (fits(text)) break;
  }
  return text;
}

describe("serve() without inspector", () => {
  test("has no inspector", () =>
    withServer({}, async ({ url }) => {
      for (const path of ["/_offloop", "/_offloop/events", "/_offloop/uplot.js"])
        assert.equal(await statusOf(url + path), 404);
    }));
});

describe("serve() with inspector: true", () => {
  test("serves the page and every file that it loads, none from elsewhere", () =>
    withServer({ inspector: true }, async ({ url }) => {
      const page = await fetch(`${url}/_offloop`);
      const policy = page.headers.get("content-security-policy") ?? "";
      assert.match(policy, /default-src 'none'.*script-src 'self'.*connect-src 'self'/);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
      const html = await page.text();
      const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? "");
      const own = files.filter((file) => !file.startsWith("data:") && !file.startsWith("#"));
      assert.ok(own.length >= 8);
      for (const file of own) {
        const response = await fetch(new URL(file, `${url}/_offloop`));
        assert.equal(response.status, 200, file);
        assert.match(response.headers.get("content-type") ?? "", /^text\/(css|javascript)/, file);
        assert.doesNotMatch(await response.text(), /\bimport\s*\(?\s*["']https?:/, file);
      }
    }));

  test("answers under no name that a page elsewhere could have", () =>
    withServer({ inspector: true }, async ({ url }) => {
      for (const path of ["/_offloop", "/_offloop/events", "/_offloop/uplot.js"])
        assert.equal(await statusOf(url + path, { host: "evil.example" }), 403, path);
      assert.equal(await statusOf(`${url}/_offloop`, { "x-forwarded-for": "10.0.0.1" }), 403);
      assert.equal(await statusOf(`${url}/_offloop`, { host: "localhost:1" }), 200);
      assert.equal(await statusOf(`${url}/plain`, { host: "evil.example" }), 200);
    }));

  test("reports what runs, and nothing that a request carries", () =>
    withServer({ inspector: true }, async ({ url }) => {
      const stream = await request(`${url}/_offloop/events`);
      assert.equal(stream.headers["content-type"], "text/event-stream");
      await fetch(`${url}/secret/hidden-in-path?key=hidden-in-query`, {
        headers: { "x-key": "hidden-in-header" },
      });
      await fetch(`${url}/plain`);
      const text = await readUntil(
        stream,
        (sent) => (sent.match(/"runs":\[/g)?.length ?? 0) > 0 && sent.includes("GET /plain"),
      );
      assert.match(text, /"title":"Inspected"/);
      assert.match(text, /GET \/secret\/:id/);
      assert.doesNotMatch(text, /hidden/);
    }));

  test("sends its events to no page of another site or origin, whatever a plugin of the app allows", () =>
    withServer({ inspector: true }, async ({ url }) => {
      const events = `${url}/_offloop/events`;
      for (const headers of [
        { origin: "https://evil.example" },
        { origin: "null" },
        { origin: "http://localhost:1" },
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site", origin: url },
        { "sec-fetch-site": "none" },
      ])
        assert.equal(await statusOf(events, headers), 403, JSON.stringify(headers));
      for (const headers of [{}, { origin: url }, { "sec-fetch-site": "same-origin" }])
        assert.equal(await statusOf(events, headers), 200, JSON.stringify(headers));
    }));

  test("the log of a request that failed has its address in the inspector", () =>
    withServer({ inspector: true }, async (server) => {
      await (await fetch(`${server.url}/failing`)).text();
      const { reqId, inspector } = await server.logged(({ err }) => err !== undefined);
      assert.equal(inspector, `${server.url}/_offloop#request=${String(reqId)}`);
    }));

  test("leaves its own requests out of the log", () =>
    withServer({ inspector: true }, async (server) => {
      await (await fetch(`${server.url}/_offloop?token=whatever`)).text();
      await (await fetch(`${server.url}/plain`)).text();
      await server.logged(({ url }) => url === "/plain");
      assert.deepEqual(
        server.log.filter(({ url }) => String(url).includes("_offloop")),
        [],
      );
    }));

  test("ends its streams when the server closes, which waits for nothing else", async () => {
    const server = await running(inspected, { inspector: true, shutdownGraceMs: 60_000 });
    const stream = await request(`${server.url}/_offloop/events`);
    stream.resume();
    const ended = once(stream, "close");
    await server.close();
    await ended;
  });

  test("has no room for more than sixteen pages, until one goes", () =>
    withServer({ inspector: true }, async ({ url }) => {
      const streams = await Promise.all(Array.from({ length: 16 }, () => request(`${url}/_offloop/events`)));
      assert.equal(await statusOf(`${url}/_offloop/events`), 503);
      streams.pop()?.destroy();
      while ((await statusOf(`${url}/_offloop/events`)) !== 200);
      for (const stream of streams) stream.destroy();
    }));
});

describe("serve() with an inspector's token", () => {
  const options = { inspector: { token } };

  test("gives nothing without it", () =>
    withServer(options, async ({ url }) => {
      for (const path of ["/_offloop", "/_offloop/events", "/_offloop/uplot.js", `/_offloop?token=${token}x`])
        assert.equal(await statusOf(url + path), 401, path);
    }));

  test("takes it once, from the URL into a cookie that scripts cannot read", () =>
    withServer(options, async ({ url }) => {
      const first = await fetch(`${url}/_offloop?token=${token}`, { redirect: "manual" });
      assert.equal(first.status, 303);
      assert.equal(new URL(first.headers.get("location") ?? "", `${url}/_offloop`).href, `${url}/_offloop`);
      const cookie = first.headers.get("set-cookie") ?? "";
      assert.match(cookie, /^offloop_inspector=[\w-]+; .*HttpOnly.*SameSite=Lax/);
      assert.ok(!cookie.includes(token));
      const kept = { cookie: cookie.split(";")[0] ?? "", host: "dev.example" };
      assert.equal(await statusOf(`${url}/_offloop`, kept), 200);
      assert.equal(await statusOf(`${url}/_offloop/events`, kept), 200);
    }));

  test("refuses a token that could be guessed", async () => {
    for (const short of ["", "secret", undefined, 5])
      await assert.rejects(
        running(inspected, { inspector: { token: short as string } }),
        (error) => error instanceof OffloopError && error.code === "OFFLOOP_OPTION_INVALID",
      );
  });
});

test("serve() has no inspector when it is false", async () => {
  const server = await running(inspected, { inspector: false });
  assert.equal((await fetch(`${server.url}/_offloop`)).status, 404);
  await server.close();
});

test("serve() leaves a path of the inspector to the operation that answers it", async () => {
  const server = await running(owner, { inspector: true });
  assert.equal(await (await fetch(`${server.url}/_offloop`)).json(), "mine");
  await server.close();
});
