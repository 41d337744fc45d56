import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { App } from "offloop";
import { appFolder } from "../fixtures/app-folder.ts";
import { freePort } from "../fixtures/free-port.ts";
import { running } from "../fixtures/running.ts";

const page = readFileSync(new URL("../../docs/deployment.md", import.meta.url), "utf8");
const [, block = ""] = /```nginx\n([\s\S]*?)```/.exec(page) ?? [];
const hasNginx = spawnSync("nginx", ["-v"]).status === 0;

test("docs/deployment.md: the block for nginx sets each header that trustProxy believes", () => {
  for (const name of ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"])
    assert.match(block, new RegExp(`proxy_set_header ${name} \\$`));
});

test("docs/deployment.md: behind nginx, clients choose no host and no request id, reach no metrics, and WebSockets open", {
  skip: hasNginx ? false : "nginx is not installed",
}, async (t) => {
  const app = new App({ metrics: true, health: true });
  app.get("/who", async ({ request }) => [request.client.host, request.origin]);
  app.websocket("/echo", async ({ socket }) => {
    for await (const message of socket) await socket.send(message);
  });
  const server = await running(app, { rootPath: "/api", trustProxy: ["127.0.0.1"] });
  t.after(() => server.close());
  const host = `127.0.0.1:${await freePort()}`;
  const [map, location] = block.replace("127.0.0.1:8000", `127.0.0.1:${server.port}`).split("# In server");
  const folder = appFolder({});
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder.path(name)};`,
  );
  folder.write(
    "nginx.conf",
    `daemon off; pid ${folder.path("nginx.pid")}; error_log stderr notice; events {}
    http { access_log off; ${temporary.join(" ")} ${map} server { listen ${host}; # In server${location} } }`,
  );
  const nginx = spawn("nginx", ["-c", folder.path("nginx.conf"), "-e", "stderr"]);
  t.after(async () => {
    nginx.kill("SIGQUIT");
    if (nginx.exitCode === null) await once(nginx, "exit");
  });
  for await (const line of createInterface({ input: nginx.stderr })) {
    if (line.includes("start worker process")) break;
    assert.doesNotMatch(line, /emerg/);
  }
  const forged = {
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    "x-request-id": "chosen",
  };
  const answer = await fetch(`http://${host}/api/who`, { headers: forged });
  assert.deepEqual(await answer.json(), ["127.0.0.1", `http://${host}`]);
  assert.match(answer.headers.get("x-request-id") ?? "", /^[0-9a-f]{32}$/);
  for (const path of ["metrics", "livez", "readyz"])
    assert.equal((await fetch(`http://${host}/api/${path}`)).status, 404);
  assert.equal((await fetch(`${server.url}/metrics`)).status, 200);
  const socket = new WebSocket(`ws://${host}/api/echo`);
  await once(socket, "open");
  socket.send("hello");
  const [{ data }] = (await once(socket, "message")) as [MessageEvent];
  assert.equal(data, "hello");
  socket.close();
});
