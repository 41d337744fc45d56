import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { EarlyWorker } from "../../../src/threads/pool/worker.ts";
import { appFolder } from "../../fixtures/app-folder.ts";
import { command, commandWith } from "../../fixtures/cli.ts";

test("EarlyWorker.take() hands the worker over once, and close() then leaves it alone", async () => {
  const early = new EarlyWorker({});
  const started = early.take() ?? assert.fail();
  assert.equal(early.take(), undefined);
  await early.close();
  started.port.close(); // it waits for nothing else
  assert.deepEqual(await once(started.worker, "exit"), [0]);
});

test("the first thread has the environment as a lifespan has left it, though its worker was started before", async () => {
  const source = `import { App, serve } from "offloop";
const app = new App();
app.lifespan(async function* () {
  process.env.SET_BY_LIFESPAN = "yes";
  delete process.env.TAKEN_BY_LIFESPAN;
  yield;
});
app.get("/", () => [process.env.SET_BY_LIFESPAN ?? null, process.env.TAKEN_BY_LIFESPAN ?? null]);
const server = await serve(app, { port: 0, logLevel: "silent", signals: false });
console.log(await (await fetch(server.url)).text());
await server.close();
`;
  const folder = appFolder({ "app.ts": source });
  const { code, output } = await commandWith({ TAKEN_BY_LIFESPAN: "no" }, folder.path("app.ts")).ended();
  assert.deepEqual({ code, output }, { code: 0, output: '["yes",null]' });
});

const failing = (options: string): string => `import { App, serve } from "offloop";
const app = new App();
app.get("/", () => "plain");
await serve(app, ${options}).catch((error) => console.log(error.code));
`;

test("serve() that fails before there is a pool leaves no thread behind", async () => {
  const nowhere = '{ tls: { key: "/nowhere.pem", cert: "/nowhere.pem" } }';
  const folder = appFolder({ "tls.ts": failing(nowhere), "host.ts": failing('{ host: "not an address" }') });
  for (const name of ["tls.ts", "host.ts"]) {
    const { code, output } = await command([folder.path(name)]).ended();
    assert.match(output, /^OFFLOOP_/m);
    assert.equal(code, 0);
  }
});
