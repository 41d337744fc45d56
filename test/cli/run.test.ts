import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { createServer } from "node:net";
import { relative } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { appFolder } from "../fixtures/app-folder.ts";
import { command, fixture, listening, offloop } from "../fixtures/cli.ts";

test("offloop run serves the app and says where", async () => {
  const running = offloop("run", `${fixture("named.ts")}:api`, "--port", "0", "--threads", "2");
  const url = await listening(running);
  assert.match(await running.line(/listens on/), /Named 2\.0\.0 listens on/);
  assert.equal(await (await fetch(`${url}/items/1`)).json(), 1);
  const access = JSON.parse(await running.line(/items\/1 200/)) as Record<string, unknown>;
  assert.deepEqual(
    [access.method, access.url, access.status, access.lane],
    ["GET", "/items/1", 200, "thread"],
  );
  running.child.kill("SIGTERM");
  assert.equal((await running.ended()).code, 0);
});

test("a module that serves itself can be run by node; in its threads serve() does nothing", async () => {
  const running = command([fixture("self-served.ts")]);
  const line = await running.line(/^main /);
  const [, thread, url] = line.split(" ");
  assert.equal(thread, "0");
  assert.ok(((await (await fetch(String(url))).json()) as { threadId: number }).threadId > 0);
  running.child.kill("SIGINT");
  const { code, output } = await running.ended();
  assert.equal(code, 0);
  assert.equal(output.match(/^main /gm)?.length, 1, "what follows serve() ran once");
});

test("serve() with a silent log leaves what the process writes as it is, in production, too", async () => {
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = "production";
  try {
    const running = command([fixture("self-served.ts")]);
    await running.line(/^main 0 http/);
    running.child.kill("SIGINT");
    assert.equal((await running.ended()).code, 0);
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
});

test("offloop run --root-path and --trust-proxy: where a proxy says who asks", async () => {
  const proxied = fileURLToPath(new URL("../fixtures/proxied-app.ts", import.meta.url));
  const running = offloop(
    ...["run", proxied, "--port", "0", "--root-path", "/api", "--trust-proxy", "loopback, 10.0.0.0/8"],
  );
  const url = await listening(running);
  const headers = { "x-forwarded-for": "203.0.113.7" };
  assert.deepEqual(await (await fetch(`${url}/api/loop/client`, { headers })).json(), ["203.0.113.7", false]);
  assert.deepEqual(await (await fetch(`${url}/thread/where`)).json(), ["/thread/where", "/api"]);
  running.child.kill("SIGTERM");
  assert.equal((await running.ended()).code, 0);
});

/** The message of a line of the log, and the stack of its error. */
function saidIn(line: string): string {
  const { msg, err } = JSON.parse(line) as {
    readonly msg: string;
    readonly err?: { readonly stack: string };
  };
  return err === undefined ? msg : `${msg}\n\n${err.stack}`;
}

async function fails(...args: string[]): Promise<string> {
  const { code, output } = await offloop(...args).ended();
  assert.equal(code, 1, output);
  const said = args[0] === "run" ? saidIn(output.split("\n").at(-1) as string) : output;
  return said.replaceAll(relative(process.cwd(), fixture("")), "apps");
}

test("offloop run: a mistake is one clear error, and the exit code is 1", async () => {
  assert.match(
    await fails("run", "no-such.ts"),
    /^OFFLOOP_MODULE_NOT_FOUND: Cannot load ".*no-such\.ts": there is no such file\n {2}fix pass the path/,
  );
  assert.match(await fails("run", "."), /^OFFLOOP_MODULE_NOT_FOUND: .*: it is a folder\n/);
  const wrongExport = await fails("run", `${fixture("named.ts")}:nope`);
  assert.match(
    wrongExport,
    /^OFFLOOP_APP_NOT_FOUND: Cannot load ".*named\.ts:nope": the module exports "api" and "other" and "server", not "nope"\n {2}fix name the export: .*named\.ts:api$/,
  );
  assert.match(
    await fails("run", fixture("named.ts")),
    /^OFFLOOP_APP_NOT_FOUND: .*: the module exports 2 apps, "api" and "other", and none as default or "app"\n {2}fix name the export: .*named\.ts:api$/,
  );
  assert.match(await fails("run", `${fixture("named.ts")}:server`), /not "server" as an App/);
  assert.match(
    await fails("run", fixture("loop-only.ts"), "--threads", "0"),
    /^OFFLOOP_OPTION_INVALID: Cannot use threads\.max: expected an integer from 1 to 256, got 0/,
  );
  assert.match(
    await fails("run", fixture("loop-only.ts"), "--log-level", "loud"),
    /^OFFLOOP_OPTION_INVALID: Cannot use --log-level/,
  );
  assert.match(await fails("run", fixture("loop-only.ts"), "--port", "http"), /expected a whole number/);
  assert.match(
    await fails("run", "app.ts", "--reload"),
    /^OFFLOOP_OPTION_INVALID: .*--reload.*\n {2}fix run "offloop dev app\.ts", which reloads/,
  );
  assert.match(
    await fails("run", fixture("loop-only.ts"), "--host", "192.0.2.1", "--port", "0"),
    /^OFFLOOP_PORT_UNAVAILABLE/,
  );
});

test("offloop run: a module that throws shows the user's stack and none of offloop's", async () => {
  const output = await fails("run", fixture("fails.ts"));
  assert.match(
    output,
    /^OFFLOOP_MODULE_FAILED: Cannot load .*fails\.ts": it threw Error: no database at all/,
  );
  assert.match(output, /at connect \(.*fails\.ts:2:9\)/);
  assert.doesNotMatch(output, /src\/app\/load|commander/);
  assert.match(
    await fails("run", fixture("nested-import.ts")),
    /^OFFLOOP_MODULE_FAILED: .*no-such-module\.ts/,
  );
});

test("offloop run: an error of offloop's in a module or a lifespan is shown once, as it is", async () => {
  const folder = appFolder({
    "path.ts": `import { App } from "offloop";
const app = new App();
app.get("x/{id}", async () => 1);
export default app;
`,
    "lifespan.ts": `import { App } from "offloop";
const app = new App();
const count = app.task("count", () => 1);
app.lifespan(async function* () {
  yield app.task("count", () => count);
});
export default app;
`,
    "text.ts": 'throw "no database";',
  });
  assert.match(
    await fails("run", folder.path("path.ts"), "--port", "0"),
    /^OFFLOOP_PATH_INVALID: Cannot add an operation at "x\/{id}": names are written :name\n {2}at .*path\.ts:3:5\n {2}fix write "\/x\/:id"$/,
  );
  const lifespan = await fails("run", folder.path("lifespan.ts"), "--port", "0");
  assert.match(lifespan, /^OFFLOOP_TASK_DUPLICATE: .*\n {2}at .*lifespan\.ts:5:13 .*\n {2}fix [^\n]*$/);
  const text = await fails("run", folder.path("text.ts"));
  assert.match(text, /^OFFLOOP_MODULE_FAILED: .* it threw no database\n {2}fix throw an Error/);
});

test("offloop run refuses a module that serves itself, awaited or not, and listens nowhere", async () => {
  const source = `import { App, serve } from "offloop";
const app = new App();
app.get("/", async () => 1);
AWAIT serve(app, { port: 0 });
export default app;
`;
  const folder = appFolder({
    "awaited.ts": source.replace("AWAIT", "await"),
    "started.ts": source.replace("AWAIT", "void"),
  });
  for (const name of ["awaited.ts", "started.ts"]) {
    const output = await fails("run", folder.path(name), "--port", "0");
    const file = `${folder.path(name)}`.replaceAll(/[.\\/]/g, "\\$&");
    assert.match(
      output,
      new RegExp(
        `^OFFLOOP_SERVES_ITSELF: Cannot load "${file}": it calls serve\\(\\) itself\n {2}at ${file}:4:\\d\n {2}fix start it with "node ${file}"`,
      ),
    );
    assert.doesNotMatch(output, /listens on/);
  }
});

test("offloop routes and openapi read a module that serves itself, and do not listen", async () => {
  const listed = await offloop("routes", fixture("self-served.ts")).ended();
  assert.equal(listed.code, 0);
  assert.match(listed.output, /^GET +\/ +thread /m);
  const document = await offloop("openapi", fixture("self-served.ts")).ended();
  assert.equal((JSON.parse(document.output) as { openapi: string }).openapi, "3.1.0");
  assert.match(await fails("routes", `${fixture("self-served.ts")}:app`), /^OFFLOOP_SERVES_ITSELF/);
});

for (const command of ["run", "routes", "openapi", "dev"])
  test(`offloop ${command}: a module that waits for ever is named, and not offloop`, async () => {
    const file = appFolder({ "app.ts": "await new Promise(() => {});" }).path("app.ts");
    const running = offloop(command, file, ...(command === "dev" ? ["--port", "0"] : []));
    await running.line(
      /OFFLOOP_MODULE_FAILED: Cannot load .*app\.ts.*: it waits for something that never comes/,
    );
    if (command === "dev") running.child.kill("SIGINT");
    const { code, output } = await running.ended();
    assert.equal(code, command === "dev" ? 0 : 1);
    assert.doesNotMatch(output, /unsettled/);
  });

test("offloop run: a lifespan that waits for ever is named", async () => {
  const folder = appFolder({
    "app.ts": `import { App } from "offloop";
const app = new App();
app.lifespan(async function* () {
  await new Promise(() => {});
  yield;
});
app.get("/", async () => 1);
export default app;
`,
  });
  assert.match(
    await fails("run", folder.path("app.ts"), "--port", "0"),
    /^OFFLOOP_LIFESPAN_FAILED: Cannot start: a lifespan waits for something that never comes\n {2}at .*app\.ts:3:5/,
  );
});

test("offloop run: a lifespan that throws shows the user's stack", async () => {
  const folder = appFolder({
    "app.ts": `import { App } from "offloop";
const app = new App();
const connect = (): never => {
  throw new Error("no broker");
};
app.lifespan(async function* () {
  yield connect();
});
export default app;
`,
  });
  const output = await fails("run", folder.path("app.ts"), "--port", "0");
  assert.match(
    output,
    /^OFFLOOP_LIFESPAN_FAILED: Cannot start: a lifespan threw Error: no broker\n {2}at .*app\.ts:6:5/,
  );
  assert.match(output, /\n\nError: no broker\n {4}at connect \(.*app\.ts:4:9\)/);
  assert.doesNotMatch(output, /src\/app\/lifespan/);
});

test("offloop run --guard warns and refuses as dev does; without it the code is not looked at", async () => {
  const source = `import { readFileSync } from "node:fs";
import { App } from "offloop";
const app = new App();
app.get("/read", async () => readFileSync("package.json", "utf8").length);
let hits = 0;
app.get("/count", () => HITS);
export default app;
`;
  const folder = appFolder({
    "warned.ts": source.replace("HITS", "hits"),
    "refused.ts": source.replace("HITS", "++hits"),
  });
  const warned = offloop("run", folder.path("warned.ts"), "--port", "0", "--guard");
  await listening(warned);
  const entry = JSON.parse(await warned.line(/OFFLOOP_GUARD/)) as Record<string, unknown>;
  assert.equal(entry.level, 40);
  assert.match(
    String(entry.msg),
    /^OFFLOOP_GUARD_BLOCKING: GET \/read blocks the event loop: it calls readFileSync\n {2}at .*warned\.ts:4:30\n {2}fix /,
  );
  warned.child.kill("SIGTERM");
  assert.equal((await warned.ended()).code, 0);
  assert.match(
    await fails("run", folder.path("refused.ts"), "--port", "0", "--guard"),
    /OFFLOOP_GUARD_STATE: Cannot run GET \/count on a thread: it increments or decrements "hits"/,
  );
  const unguarded = offloop("run", folder.path("refused.ts"), "--port", "0");
  await listening(unguarded);
  unguarded.child.kill("SIGTERM");
  assert.doesNotMatch((await unguarded.ended()).output, /OFFLOOP_GUARD/);
});

test("offloop run: a module that loads otherwise in a thread is a start-up error", async () => {
  assert.match(
    await fails("run", fixture("differs.ts"), "--port", "0"),
    /^OFFLOOP_THREAD_APP_DIFFERS: Cannot start threads: GET \/beta exists on the main thread and not in thread 1; task gamma exists in thread 1 and not on the main thread\n/,
  );
  const output = await fails("run", fixture("fails-in-thread.ts"), "--port", "0");
  assert.match(output, /^OFFLOOP_THREAD_START: Cannot start thread 1: no database in here/);
  assert.match(output, /at .*fails-in-thread\.ts:4/);
});

test("offloop run: a port that is taken is named", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as { port: number };
  assert.match(
    await fails("run", fixture("shutdown.ts"), "--port", String(port)),
    new RegExp(
      `^OFFLOOP_PORT_UNAVAILABLE: Cannot listen on 127\\.0\\.0\\.1:${port}: another process listens there`,
    ),
  );
  holder.close();
});

test("offloop routes lists method, path, lane and source", async () => {
  const { code, output } = await offloop("routes", `${fixture("named.ts")}:api`).ended();
  assert.equal(code, 0);
  assert.deepEqual(
    output.split("\n").map((line) => line.split(/\s+/).slice(0, 3)),
    [
      ["METHOD", "PATH", "LANE"],
      ["GET", "/items/:item_id", "thread"],
      ["POST", "/", "loop"],
      ["2", "routes:", "1"],
    ],
  );
  assert.match(output, /named\.ts:6:5/);
  const json = JSON.parse(
    (await offloop("routes", `${fixture("named.ts")}:api`, "--json").ended()).output,
  ) as { tags: string[] }[];
  assert.deepEqual(json[0]?.tags, ["items"]);
  const onLoop = (await offloop("routes", `${fixture("named.ts")}:api`, "--lane", "loop").ended()).output;
  assert.deepEqual(
    onLoop.split("\n").map((line) => line.split(/\s+/)[0]),
    ["METHOD", "POST", "1"],
  );
  assert.match(onLoop, /^1 of 2 routes: 1 on the loop, 0 on threads$/m);
});

test("offloop routes lists tasks too, and counts them apart", async () => {
  const folder = appFolder({
    "app.ts": `import { App } from "offloop";
const app = new App();
app.task("report", (pages: number) => pages);
app.task("mail", async () => {});
app.get("/", async () => 1);
export default app;
`,
  });
  const { output } = await offloop("routes", folder.path("app.ts")).ended();
  assert.match(output, /^TASK +report +thread +\S*app\.ts:3:5$/m);
  assert.match(output, /^1 route and 2 tasks: 2 on the loop, 1 on threads$/m);
  const onThreads = (await offloop("routes", folder.path("app.ts"), "--lane", "thread").ended()).output;
  assert.match(onThreads, /^0 of 1 route and 1 of 2 tasks: 0 on the loop, 1 on threads$/m);
});

test("offloop routes and openapi refuse settings that could not be served", async () => {
  const folder = appFolder({
    "app.ts": `import { App } from "offloop";
const app = new App({ session: { secret: "short" } });
app.get("/", async () => 1);
export default app;
`,
  });
  for (const command of ["routes", "openapi"])
    assert.match(
      await fails(command, folder.path("app.ts")),
      /^OFFLOOP_OPTION_INVALID: Cannot use session\.secret: expected 32 characters or more, got 5 of them/,
    );
});

test("offloop routes, openapi and run, without work too, refuse a schedule that nothing could keep", async () => {
  const folder = appFolder({
    "app.ts": `import { App } from "offloop";
const app = new App({ jobs: { dir: new URL("jobs", import.meta.url).pathname } });
app.task("nightly", { schedule: "0 3 * *" }, async () => {});
export default app;
`,
  });
  const commands = [["routes"], ["openapi"], ["run", "--no-work", "--port", "0"]] as const;
  for (const [command, ...args] of commands)
    assert.match(
      await fails(command, folder.path("app.ts"), ...args),
      /^OFFLOOP_OPTION_INVALID: Cannot schedule task "nightly" at "0 3 \* \*": it has 4 fields\n {2}at \S*app\.ts:3:5\n {2}fix write five: /,
      command,
    );
});

test("offloop run with embedded jobs: several workers and a rolling restart are refused in one sentence", async (t) => {
  const folder = appFolder({
    "app.ts": `import { App } from "offloop";
const app = new App({ jobs: { dir: new URL("jobs", import.meta.url).pathname } });
app.task("mail", { durable: true }, async () => {});
app.get("/", async () => process.pid);
export default app;
`,
  });
  delete process.env.DATABASE_URL;
  assert.match(
    await fails("run", folder.path("app.ts"), "--port", "0", "--workers", "2"),
    /^OFFLOOP_JOBS_OWNED: Cannot use --workers with embedded jobs: only the process that serves may have them open\n {2}at .*app\.ts:2:13\n {2}fix [^\n]*$/,
  );
  const running = offloop("run", folder.path("app.ts"), "--port", "0", "--workers", "1");
  t.after(() => running.child.kill("SIGKILL"));
  const url = await listening(running);
  const pid = await (await fetch(url)).text();
  running.child.kill("SIGHUP");
  const refusal = JSON.parse(await running.line(/OFFLOOP_JOBS_OWNED/)) as { level: number; msg: string };
  assert.equal(refusal.level, 50);
  assert.match(
    refusal.msg,
    /^OFFLOOP_JOBS_OWNED: Cannot use a rolling restart with embedded jobs: only the process that serves may have them open\n {2}at .*app\.ts:2:13\n {2}fix [^\n]*$/,
  );
  assert.equal(await (await fetch(url)).text(), pid);
  running.child.kill("SIGTERM");
  assert.equal((await running.ended()).code, 0);
});

test("offloop run: an empty HOST or PORT does not count", async (t) => {
  t.after(() => {
    for (const name of ["HOST", "PORT"]) delete process.env[name];
  });
  Object.assign(process.env, { HOST: "", PORT: "" });
  const running = offloop("run", fixture("loop-only.ts"), "--port", "0");
  assert.match(await listening(running), /^http:\/\/127\.0\.0\.1:\d+$/);
  running.child.kill("SIGTERM");
  assert.equal((await running.ended()).code, 0);
});

test("offloop run listens where HOST and PORT say; the command line wins, and a wrong PORT is refused", async (t) => {
  const environment = { HOST: "127.0.0.2", PORT: "0" };
  t.after(() => {
    for (const name of Object.keys(environment)) delete process.env[name];
  });
  Object.assign(process.env, environment);
  const running = offloop("run", fixture("loop-only.ts"));
  assert.match(await listening(running), /^http:\/\/127\.0\.0\.2:\d+$/);
  running.child.kill("SIGTERM");
  assert.equal((await running.ended()).code, 0);
  const told = offloop("run", fixture("loop-only.ts"), "--host", "127.0.0.1");
  assert.match(await listening(told), /^http:\/\/127\.0\.0\.1:/);
  told.child.kill("SIGTERM");
  assert.equal((await told.ended()).code, 0);
  process.env.PORT = "http";
  assert.match(await fails("run", fixture("loop-only.ts")), /PORT.*expected a whole number/);
});

for (const workers of [[], ["--workers", "2"]])
  test(`offloop run --socket ${workers.join(" ")}: over a Unix socket, also where a killed one has left its file`, async () => {
    const folder = appFolder({});
    const socket = folder.path("app.sock");
    const holder = command([
      "-e",
      `require("node:net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, "SIGKILL"))`,
    ]);
    await holder.ended();
    assert.ok(existsSync(socket), "a killed process leaves its file");
    const running = offloop("run", `${fixture("named.ts")}:api`, "--socket", socket, ...workers);
    await running.line(new RegExp(`listens on unix:${socket}`));
    assert.equal(statSync(socket).mode & 0o666, 0o666, "a proxy of another user may connect");
    const asked = request({ socketPath: socket, path: "/items/1" }).end();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    assert.equal(await text(response), "1");
    assert.match(
      await fails("run", `${fixture("named.ts")}:api`, "--socket", socket),
      /^OFFLOOP_PORT_UNAVAILABLE: Cannot listen on .*app\.sock: another process listens there/,
    );
    running.child.kill("SIGTERM");
    assert.equal((await running.ended()).code, 0);
    assert.ok(!existsSync(socket), "one that shuts down removes it");
  });

for (const workers of [[], ["--workers", "2"]])
  test(`offloop run --socket ${workers.join(" ")}: what is there and is no socket stays, and is named`, async () => {
    const folder = appFolder({ "notes.db": "precious" });
    const app = `${fixture("named.ts")}:api`;
    const failure = (path: string): Promise<string> => fails("run", app, "--socket", path, ...workers);
    symlinkSync(folder.path("notes.db"), folder.path("link"));
    for (const name of ["notes.db", "link"]) {
      assert.match(
        await failure(folder.path(name)),
        /^OFFLOOP_PORT_UNAVAILABLE: Cannot listen on \S+: there is a file of this name, which is no socket\n/,
      );
      assert.equal(readFileSync(folder.path(name), "utf8"), "precious");
    }
    assert.match(
      await failure(folder.path(".")),
      /^OFFLOOP_PORT_UNAVAILABLE: .* there is a folder of this name/,
    );
    if (workers.length > 0) return; // listening is what fails, in a worker
    assert.match(
      await failure(folder.path("gone/app.sock")),
      /^OFFLOOP_PORT_UNAVAILABLE: .* there is no such folder/,
    );
  });

test("offloop run says that it listens on all addresses where it does, and only there", async (t) => {
  const everywhere = ["run", `${fixture("named.ts")}:api`, "--host", "0.0.0.0", "--port", "0"];
  const socket = appFolder({}).path("app.sock");
  for (const [own, says] of [
    [[], /listens on http:\/\/127\.0\.0\.1:\d+, and on all addresses of this machine \(0\.0\.0\.0\)"/],
    [["--socket", socket], new RegExp(`listens on unix:${socket}"`)],
  ] as const) {
    const running = offloop(...everywhere, ...own);
    t.after(() => running.child.kill("SIGKILL"));
    assert.match(await running.line(/listens on/), says);
  }
});

test("offloop run says where it answers probes, before it listens", async (t) => {
  const running = offloop("run", fixture("supervised.ts"), "--port", "0");
  t.after(() => running.child.kill("SIGKILL"));
  const [, health] = /health at (http:\/\/[\d.:]+)/.exec(await running.line(/health at|listens on/)) ?? [];
  await running.line(/listens on/);
  assert.equal((await fetch(`${health}/readyz`)).status, 200);
});

test("offloop run: an import of a missing module is named by its line, with what to write", async () => {
  const folder = appFolder({
    "package.ts":
      'import { App } from "offloop";\n\nimport express from "express-of-nobody/router";\nexport default new App();\n',
    "path.ts": 'import { App } from "offloop";\nimport { shop } from "./shop";\nexport default new App();\n',
    "bundled.js": 'import { DatabaseSync } from "sqlite";\nexport default new DatabaseSync(":memory:");\n',
    "lost.ts": 'export * from "./nested.ts";\n',
    "nested.ts": 'const later = 1;\nconst lost = await import("./gone.ts");\nexport default lost;\n',
    "shop.ts": "export const shop = 1;\n",
  });
  for (const [file, place, fix] of [
    ["package.ts", "package.ts:3:21", 'run "npm install express-of-nobody", or mend the name'],
    [
      "bundled.js",
      "bundled.js:1:30",
      'write "node:sqlite"; if a bundler has removed "node:", tell it not to: removeNodeProtocol: false in tsup',
    ],
    ["path.ts", "path.ts:2:22", 'write "./shop.ts": Node takes the file\'s own name'],
    ["lost.ts", "nested.ts:2:27", "mend the path, or add the file"],
  ] as const) {
    const [what, at, how] = (await fails("run", folder.path(file))).split("\n");
    assert.match(String(what), /^OFFLOOP_MODULE_FAILED: Cannot load /);
    assert.equal(at, `  at ${folder.path(place)}`);
    assert.equal(how, `  fix ${fix}`);
  }
});

test("offloop run: a name that a package.json of the workspace gives to a file that is not built says how to run it", async () => {
  const folder = appFolder({
    "package.json": JSON.stringify({
      name: "api",
      type: "module",
      imports: { "#lib/*": { src: "./src/lib/*.ts", default: "./dist/lib/*.js" } },
    }),
    "models.ts": 'import { Item } from "@acme/models";\nexport default Item;\n',
    "output.ts": 'import {\n  tea,\n} from "@acme/output/tea";\nexport default tea;\n',
    "own.ts": 'import { price } from "#lib/price";\nexport default price;\n',
    "source.ts": 'import { tea } from "@acme/source";\nexport default tea;\n',
  });
  const exported = {
    source: { import: "./src/index.ts" },
    models: { ".": { types: "./dist/index.d.ts", source: "./src/index.ts", default: "./dist/index.js" } },
    output: { "./tea": "./dist/tea.js" },
  };
  mkdirSync(folder.path("node_modules/@acme"), { recursive: true });
  for (const [name, exports] of Object.entries(exported)) {
    mkdirSync(folder.path(`packages/${name}`), { recursive: true });
    folder.write(`packages/${name}/package.json`, JSON.stringify({ name: `@acme/${name}`, exports }));
    symlinkSync(folder.path(`packages/${name}`), folder.path(`node_modules/@acme/${name}`));
  }
  for (const [file, place, fix] of [
    ["models.ts", "1:22", "build @acme/models, or run its source with NODE_OPTIONS=--conditions=source: "],
    ["output.ts", "3:8", "build @acme/output: "],
    ["source.ts", "1:21", "build @acme/source: "],
    ["own.ts", "1:23", "build api, or run its source with NODE_OPTIONS=--conditions=src: "],
  ] as const) {
    const [what, at, how] = (await fails("run", folder.path(file))).split("\n");
    assert.match(String(what), /^OFFLOOP_MODULE_FAILED: Cannot load .*Cannot find module/);
    assert.equal(at, `  at ${folder.path(file)}:${place}`);
    assert.equal(how, `  fix ${fix}its package.json names a file that is not there`);
  }
});

test("offloop run: a misspelt name of the app's own source is not said to be unbuilt", async () => {
  const folder = appFolder({
    "package.json": JSON.stringify({ name: "api", type: "module", imports: { "#lib/*": "./src/lib/*.ts" } }),
    "app.ts": 'import { price } from "#lib/prise";\nexport default price;\n',
  });
  const [, at, how] = (await fails("run", folder.path("app.ts"))).split("\n");
  assert.equal(at, `  at ${folder.path("app.ts")}:1:23`);
  assert.match(String(how), /^ {2}fix add it to "imports" in package\.json, .*, or mend the name$/);
});

test("offloop run --workers 2: a lifespan opens and closes in each worker, and not in the primary", async (t) => {
  const folder = appFolder({
    "app.ts": `import { App } from "offloop";
const app = new App();
app.lifespan(async function* () {
  console.log("opens in " + process.pid);
  yield;
  console.log("closes in " + process.pid);
});
export default app;
`,
  });
  const running = offloop("run", folder.path("app.ts"), "--port", "0", "--workers", "2");
  t.after(() => running.child.kill("SIGKILL"));
  const pidIn = (line: string): string => /opens in (\d+)/.exec(line)?.[1] ?? "";
  const first = pidIn(await running.line(/opens in/));
  const second = pidIn(await running.line(new RegExp(`opens in (?!${first}\\b)`)));
  for (const pid of [first, second]) await running.line(new RegExp(`"pid":${pid}.*listens on`));
  running.child.kill("SIGTERM");
  const { code, output } = await running.ended();
  assert.equal(code, 0);
  const closed = [...output.matchAll(/closes in (\d+)/g)].map(([, pid]) => pid);
  assert.deepEqual(closed.sort(), [first, second].sort());
  assert.equal(output.match(/opens in/g)?.length, 2);
  assert.ok(!closed.includes(String(running.child.pid)));
});
