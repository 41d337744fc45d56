import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Server } from "offloop";
import { listen } from "../../src/http/lifecycle/listen.ts";
import app from "../fixtures/failing-app.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane } from "../fixtures/running.ts";

const log = memoryLog();
const quiet = { port: 0, signals: false, logger: log.logger };
const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
let server: Server;
before(async () => {
  server = await listen(app, { ...quiet, debug: true }, undefined);
});
after(() => server.close());

const read = (path: string, accept = browser, url = server.url): Promise<Response> =>
  fetch(url + path, { headers: { accept } });

eachLane("debug page: a browser sees the error, its place and the lines around it", async (lane) => {
  const response = await read(`/${lane}/throws?q=1`);
  const page = await response.text();
  assert.equal(response.status, 500);
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(page, /<h1>TypeError<\/h1>\s*<p class="message">no key for &lt;b&gt;vault/);
  assert.match(page, /<code>openVault<\/code> test\/fixtures\/failing-app\.ts:9:\d+/);
  assert.match(page, /<mark> *9 {4}throw new TypeError\(&quot;.*\/\/ the line that is shown\n<\/mark>/);
  assert.match(page, /GET \/(loop|thread)\/throws\?q=1/);
  assert.ok(page.includes(lane === "loop" ? "runs on the event loop" : "runs on a thread"));
  assert.match(await log.find(/throws failed/), /no key/);
});

test("debug page: leads to the request in the inspector, where there is one", async () => {
  const inspected = await listen(app, { ...quiet, debug: true, inspector: true }, undefined);
  try {
    const response = await read("/loop/throws", browser, inspected.url);
    const [, link = ""] = /<a href="([^"]*\/_offloop[^"]*)">/.exec(await response.text()) ?? [];
    const { pathname, hash } = new URL(link, inspected.url);
    assert.equal(pathname, "/_offloop");
    assert.match(hash, /^#request=./);
  } finally {
    await inspected.close();
  }
});

eachLane("debug page: shows what a dependency throws", async (lane) => {
  assert.match(await (await read(`/${lane}/needs`)).text(), /<code>openVault<\/code>/);
});

eachLane("debug page: shows code and causes", async (lane) => {
  const page = await (await read(`/${lane}/causes`)).text();
  assert.match(page, /<h1>Error<\/h1>[\s\S]*cannot open[\s\S]*<h2>Caused by Error \(ENOENT\)<\/h2>/);
});

eachLane("debug page: an error of offloop's own shows the place it names, and the fix", async (lane) => {
  const page = await (await read(`/${lane}/wrong`)).text();
  assert.match(page, /<h1>OFFLOOP_\w+<\/h1>/);
  assert.match(page, /\n {2}fix /);
  assert.match(
    page,
    /<summary>test\/fixtures\/[\w-]+\.ts:\d+:\d+<\/summary>\s*<pre tabindex="0">[\s\S]*<mark>/,
  );
});

eachLane("debug page: what was thrown is escaped, whatever it is", async (lane) => {
  const response = await read(`/${lane}/text?<script>`);
  const page = await response.text();
  assert.equal(page.includes("<script"), false);
  assert.match(page, /&lt;script&gt;alert\(1\)/);
  assert.match(response.headers.get("content-security-policy") ?? "", /^default-src 'none'/);
  assert.equal(/src=|href="(?!\w+:\/\/(?:file\/|open\?))/.test(page), false);
});

eachLane("debug page: a message cannot name files to be shown", async (lane) => {
  const page = await (await read(`/${lane}/framed`)).text();
  const [first] = /<summary>.*<\/summary>/.exec(page) ?? [];
  assert.match(first ?? "", /failing-app\.ts:2\d:/);
  assert.equal(/<summary>.*passwd/.test(page), false);
});

eachLane("debug page: a stack may be any text", async (lane) => {
  const response = await read(`/${lane}/stack`);
  const page = await response.text();
  assert.equal(response.status, 500);
  assert.match(page, /<code>g<\/code> \/no\/such\/file\.ts:1:1/);
  assert.equal(/<summary>.*(elsewhere|%2F)/.test(page), false);
});

eachLane("debug page: also for a reply that cannot be sent", async (lane) => {
  const response = await read(`/${lane}/no-file`);
  assert.equal(response.status, 500);
  assert.match(await response.text(), /no-such-file\.pdf/);
});

test("debug page: shows what a plugin throws, in its routes and in its hooks", async () => {
  const response = await read("/plugin/throws?token=hunter2");
  const page = await response.text();
  assert.deepEqual(
    [response.status, response.headers.get("content-type")],
    [500, "text/html; charset=utf-8"],
  );
  assert.match(page, /<code>openVault<\/code> test\/fixtures\/failing-app\.ts:9:\d+/);
  assert.match(page, /No operation is declared here/);
  assert.doesNotMatch(page, /hunter2/);
  const headers = { accept: browser, "x-hook": "throws" };
  for (const path of ["/nowhere", "/loop/throws"])
    assert.match(await (await fetch(server.url + path, { headers })).text(), /<code>openVault<\/code>/);
  const posted = {
    method: "POST",
    body: '{"a":1}',
    headers: { accept: browser, "content-type": "application/json" },
  };
  assert.match(await (await fetch(`${server.url}/plugin/takes`, posted)).text(), /<code>openVault<\/code>/);
});

test("debug page: not for a status that a plugin chooses", async () => {
  assert.deepEqual(await (await read("/plugin/refuses")).json(), { detail: "Later" });
  assert.deepEqual(await (await read("/plugin/away")).json(), { detail: "Bad Gateway" });
});

eachLane("debug page: not for who does not ask for HTML", async (lane) => {
  for (const accept of ["*/*", "application/json", "text/html;q=0, */*", "text/html-like"]) {
    const response = await read(`/${lane}/throws`, accept);
    assert.deepEqual([response.status, await response.json()], [500, { detail: "Internal Server Error" }]);
  }
});

eachLane("debug page: not for errors that are answers", async (lane) => {
  const refused = await read(`/${lane}/refused`);
  assert.deepEqual([refused.status, await refused.json()], [404, { detail: "Not here" }]);
  assert.deepEqual(await (await read(`/${lane}/handled`)).json(), { handled: true });
});

eachLane(
  "debug page: shows what the request brought, and none of its credentials; a link opens the editor",
  async (lane) => {
    const secret = "hunter2";
    const response = await fetch(`${server.url}/${lane}/throws?page=2&token=${secret}`, {
      method: "GET",
      headers: {
        ...{ accept: browser, "x-shown": "<b>shown</b>", "x-api-key": secret },
        ...{ authorization: `Bearer ${secret}`, cookie: `sid=${secret}` },
      },
    });
    const page = await response.text();
    assert.doesNotMatch(page, /hunter2/);
    assert.match(page, /<th scope="row">page<\/th><td>2<\/td>/);
    assert.match(page, /<th scope="row">x-shown<\/th><td>&lt;b&gt;shown&lt;\/b&gt;<\/td>/);
    for (const name of ["authorization", "cookie", "x-api-key", "token"])
      assert.ok(page.includes(`<th scope="row">${name}</th><td>[redacted]</td>`), name);
    assert.match(page, /<a href="\w+:\/\/file\/[^"]*failing-app\.ts:9:\d+">/);
  },
);

eachLane("debug page: shows a JSON body without the values of secret fields", async (lane) => {
  const response = await fetch(`${server.url}/${lane}/takes`, {
    method: "POST",
    headers: { accept: browser, "content-type": "application/json" },
    body: '{"name":"<ada>","login":{"password":"hunter2"}}',
  });
  const page = await response.text();
  assert.equal(response.status, 500);
  assert.match(page, /&quot;name&quot;: &quot;&lt;ada&gt;&quot;/);
  assert.match(page, /&quot;password&quot;: &quot;\[redacted\]&quot;/);
  assert.doesNotMatch(page, /hunter2/);
});

eachLane("debug page: hides what the settings of the app's log name, too", async (lane) => {
  const settings = { debug: true, log: { secrets: ["name", "page"] } };
  const careful = await listen(app, { ...quiet, ...settings }, undefined);
  const response = await fetch(`${careful.url}/${lane}/takes?page=hunter2&size=3`, {
    method: "POST",
    headers: { accept: browser, "content-type": "application/json" },
    body: '{"name":"hunter2","login":{"password":"long enough"}}',
  });
  const page = await response.text();
  await careful.close();
  assert.doesNotMatch(page, /hunter2/);
  assert.match(page, /<th scope="row">page<\/th><td>\[redacted\]<\/td>/);
  assert.match(page, /<th scope="row">size<\/th><td>3<\/td>/);
  assert.match(page, /&quot;name&quot;: &quot;\[redacted\]&quot;/);
});

test("debug page: never without debug", async () => {
  const production = await listen(app, quiet, undefined);
  for (const path of ["/loop/throws", "/thread/throws", "/loop/no-file"]) {
    const response = await read(path, browser, production.url);
    assert.deepEqual([response.status, await response.json()], [500, { detail: "Internal Server Error" }]);
  }
  await production.close();
});
