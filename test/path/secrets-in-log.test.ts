import assert from "node:assert/strict";
import { after, before } from "node:test";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type LaneName, type Running, running } from "../fixtures/running.ts";
import app from "../fixtures/secrets-app.ts";

const SECRET = "hunter2";

let server: Running;
before(async () => {
  server = await running(app, { log: { secrets: ["Invitation"] }, rootPath: "/api" });
});
after(() => server.close());

let count = 0;

/** What the log says of a request, all lines of it. */
async function logged(path: string, method = "GET"): Promise<{ url: unknown; text: string }> {
  const id = `secret-${++count}`;
  const answer = await fetch(server.url + path, {
    method,
    headers: { "x-request-id": id },
    redirect: "manual",
  });
  await answer.text();
  const { url } = await server.logged(({ reqId, status }) => reqId === id && status !== undefined);
  return { url, text: JSON.stringify(server.log.filter(({ reqId }) => reqId === id)) };
}

/** What is asked for, and what stands in the log. */
const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "by the words of a name": {
    "/named?token=S": "/named?token=H",
    "/named?page=2&resetToken=S&api_key=S&q=key": "/named?page=2&resetToken=H&api_key=H&q=key",
    "/named?X-Amz-Signature=S&ACCESS-TOKEN=S": "/named?X-Amz-Signature=H&ACCESS-TOKEN=H",
    "/named?code=S&state=1&postal_code=10115": "/named?code=H&state=1&postal_code=10115",
    "/named?tokens=3&monkey=1&authors=ada": "/named?tokens=3&monkey=1&authors=ada",
  },
  "however it is written": {
    "/named?t%6fken=S&token=S=S&token=&token": "/named?t%6fken=H&token=H&token=&token",
    "/named?%E0%A4%A=1&pass%77ord=S": "/named?%E0%A4%A=1&pass%77ord=H",
    "/named?reset+token=S": "/named?reset+token=H",
  },
  "by declaration": {
    "/declared?plain=S&wire-name=S&pin=S&shop=S&page=2": "/declared?plain=H&wire-name=H&pin=H&shop=H&page=2",
    "/model?plain=S&page=2": "/model?plain=H&page=2",
  },
  "by log.secrets": { "/named?invitation=S&INVITATION=S": "/named?invitation=H&INVITATION=H" },
  "in the path": { "/reset/S/2?page=3": "/reset/H/2?page=3", "/door/S": "/door/H" },
  "of what is refused or fails": {
    "/refused?plain=S": "/refused?plain=H",
    "/fails?token=S": "/fails?token=H",
    "/nowhere?token=S": "/nowhere?token=H",
    "/named/?token=S": "/named/?token=H",
  },
};

for (const [how, urls] of Object.entries(cases))
  eachLane(`the log leaves the secrets of a URL out ${how}`, async (lane) => {
    for (const [asked, expected] of Object.entries(urls))
      for (const root of ["", "/api"]) {
        const { url, text } = await logged(urlOf(root, lane, asked, SECRET));
        assert.equal(url, urlOf(root, lane, expected, "[redacted]"));
        assert.ok(!text.includes(SECRET), text);
      }
  });

eachLane("the log leaves the secrets of a URL out that no operation answers", async (lane) => {
  for (const method of ["GET", "OPTIONS", "DELETE"])
    for (const [asked, expected] of Object.entries({
      "/reset/S": "/reset/H",
      "/reset/S/2/": "/reset/H/2/",
      "/reset//S/2/": "/reset//H/2/",
      "/r%65set/S/2/3?page=4": "/r%65set/H/2/3?page=4",
      "/door/S/": "/door/H/",
      "/declared/?plain=S&wire-name=S&pin=S&shop=S&page=2":
        "/declared/?plain=H&wire-name=H&pin=H&shop=H&page=2",
      "/nowhere/reset/page?page=2": "/nowhere/reset/page?page=2",
    }))
      for (const root of ["", "/api"]) {
        const { url, text } = await logged(urlOf(root, lane, asked, SECRET), method);
        assert.equal(url, urlOf(root, lane, expected, "[redacted]"), method);
        assert.ok(!text.includes(SECRET), text);
      }
});

eachLane("the log leaves the secrets of a URL out where a plugin fails", async (lane) => {
  for (const path of ["/reset/S/2?token=S", "/nowhere?token=S", "/reset/S/2/3?shop=S"]) {
    const { text } = await logged(urlOf("", lane, `${path}&plugin=fails`, SECRET));
    assert.match(text, / failed: the plugin fails"/);
    assert.ok(!text.includes(SECRET), text);
  }
});

eachLane("the log leaves the secrets of a URL out that only a raw client writes", async (lane) => {
  const host = server.url.slice("http://".length);
  for (const [asked, expected] of [
    [`http://${host}/${lane}/reset/S/2?token=S`, `http://${host}/${lane}/reset/H/2?token=H`],
    [`/${lane}/named#token=S`, `/${lane}/named`], // what no client should send is dropped
  ] as const) {
    const socket = await openSocket(server.url);
    const id = `secret-${++count}`;
    const path = urlOf("", undefined, asked, SECRET);
    socket.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Request-Id: ${id}\r\nConnection: close\r\n\r\n`);
    assert.match(await socket.ended(), /^HTTP\/1\.1 200 /);
    const { url } = await server.logged(({ reqId, status }) => reqId === id && status !== undefined);
    assert.equal(url, urlOf("", undefined, expected, "[redacted]"));
  }
});

function urlOf(root: string, lane: LaneName | undefined, path: string, value: string): string {
  return `${root}${lane === undefined ? "" : `/${lane}`}${path}`.replaceAll(/\b[SH]\b/g, value);
}
