import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { App, type ErrorCode, OffloopError, Router } from "offloop";
import { testClient } from "offloop/testing";
import app, { notes } from "../fixtures/around-app.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());
beforeEach(() => {
  notes.length = 0;
});

/** What passed, in order, of a path; with what the around is to do. */
async function ask(path: string, around = "", init: RequestInit = {}) {
  const headers = { ...init.headers, ...(around === "" ? {} : { "x-around": around }) };
  const response = await fetch(server.url + path, { ...init, headers });
  return { response, status: response.status, body: await response.text() };
}

const passed = (response: Response): string | null => response.headers.get("x-passed");
const own = "app first, app last";

eachLane(
  "around() is an onion: the last added outermost, a router's within its app's, in the apps it is mounted in",
  async (lane) => {
    for (const [path, onion] of [
      [`/${lane}/value`, own],
      [`/shop/${lane}/value`, `shop, ${own}`],
      [`/plain/${lane}`, own],
      [`/${lane}/plain/1`, `plain, ${own}`],
      [`/admin/${lane}/value`, `admin, ${own}`],
    ] as const)
      assert.equal(passed((await ask(path)).response), onion, path);
  },
);

eachLane(
  "around() lets pass what an operation's errors become: 422, HTTPError, 500, onError, 413, 504",
  async (lane) => {
    const post = (body: string): RequestInit => ({
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    for (const [status, path, init] of [
      [422, `/${lane}/items/x`],
      [418, `/${lane}/refused`],
      [500, `/${lane}/broken`],
      [410, `/${lane}/sold`],
      [504, `/${lane}/late`],
      [422, `/${lane}/body`, post("{")],
      [413, `/${lane}/body`, post(`{"size": ${"1".repeat(100)}}`)],
      [404, `/${lane}/nothing`],
      [405, `/${lane}/body`],
      [307, `/${lane}/value/`],
    ] as const) {
      const { response, body } = await ask(path, "", { redirect: "manual", ...init });
      assert.deepEqual([response.status, passed(response)], [status, own], path);
      assert.doesNotMatch(body, /secret/);
    }
  },
);

eachLane(
  "a router's around and onError see 404 and 405 under its prefix, the nearest router's first",
  async (lane) => {
    const seen = async (path: string, method = "GET") => {
      const { response, status, body } = await ask(path, "", { method });
      return [status, body, passed(response)];
    };
    assert.deepEqual(await seen(`/shop/${lane}/no`), [
      404,
      '{"shop":"Not Found","status":404}',
      `shop, ${own}`,
    ]);
    assert.deepEqual(await seen("/%73hop/no"), [404, '{"shop":"Not Found","status":404}', `shop, ${own}`]);
    assert.deepEqual(await seen(`/shop/${lane}/value`, "POST"), [
      405,
      '{"shop":"Method Not Allowed","status":405}',
      `shop, ${own}`,
    ]);
    assert.deepEqual(await seen("/shop/any/shelf/no"), [
      404,
      '{"shop":"Not Found","status":404}',
      `shelves, shop, ${own}`,
    ]);
    assert.deepEqual(await seen("/shopping"), [404, '{"detail":"Not Found"}', own]);
    assert.deepEqual(await seen("/admin/no"), [404, '{"admin":"Not Found"}', `admin, ${own}`]);
  },
);

eachLane(
  "onError() of the nearest router answers, before one of its app for a nearer class",
  async (lane) => {
    assert.equal((await ask(`/shop/${lane}/sold`)).body, '{"shop":"any error"}');
    assert.equal((await ask(`/shop/a/shelf/${lane}/sold`)).body, '{"shelves":"sold"}');
    assert.equal((await ask(`/shop/a/shelf/${lane}/refused`)).body, '{"shop":"teapot","status":418}');
    assert.equal((await ask(`/${lane}/sold`)).body, '{"app":"tea"}');
    // A 422 has an answer already, which one for Error leaves alone, in the router as in the app.
    assert.equal((await ask(`/shop/${lane}/items/x`)).status, 422);
    assert.equal((await ask(`/${lane}/plain/x`)).body, '"no prefix"');
    // An app that is mounted answers its own errors, and nobody else does.
    assert.equal((await ask(`/admin/${lane}/sold`)).body, '{"detail":"Internal Server Error"}');
  },
);

eachLane("an around answers without next(), as a handler does", async (lane) => {
  const answers = async (around: string) => {
    const { response, status, body } = await ask(`/${lane}/value`, around);
    return [status, response.headers.get("content-type"), body, passed(response)];
  };
  assert.deepEqual(await answers("answer"), [200, "application/json", `{"answered":"/${lane}/value"}`, null]);
  assert.deepEqual(await answers("page"), [203, "text/html; charset=utf-8", "<p>page</p>", null]);
  assert.deepEqual(await answers("response"), [202, "text/plain;charset=UTF-8", "web", null]);
  assert.equal((await ask(`/${lane}/value`, "page")).response.headers.get("x-own"), "yes");
});

eachLane("what an around throws is answered as an operation's error is", async (lane) => {
  const refused = await ask(`/${lane}/value`, "refuse");
  assert.deepEqual([refused.status, refused.body], [401, '{"detail":"not you"}']);
  assert.equal(refused.response.headers.get("www-authenticate"), "Basic");
  assert.deepEqual((await ask(`/${lane}/value`, "throw")).body, '{"app":"in an around"}');
  const crashed = await ask(`/${lane}/value`, "crash");
  assert.deepEqual([crashed.status, crashed.body], [500, '{"detail":"Internal Server Error"}']);
  await server.logged(({ msg }) => msg.includes("secret of an around"));
});

eachLane("an around that gives nothing, or calls next() twice: 500, and the log says where", async (lane) => {
  for (const [around, message] of [
    ["nothing", "an around returned nothing"],
    ["twice", "it called next() twice"],
  ] as const) {
    assert.equal((await ask(`/${lane}/value`, around)).status, 500);
    const { err } = await server.logged(({ msg }) => msg.includes(`GET /${lane}/value: ${message}`));
    const { code } = err as { code: ErrorCode };
    assert.equal(code, "OFFLOOP_AROUND_RESULT");
  }
});

eachLane("an around that gives the reply of another request: 500, and the log says so", async (lane) => {
  await ask(`/${lane}/value`, "another's");
  assert.equal((await ask(`/${lane}/value`, "another's")).status, 500);
  await server.logged(({ msg }) =>
    msg.includes(`GET /${lane}/value: an around returned the reply of another next()`),
  );
});

eachLane(
  "an around that calls next() when it has answered: nothing runs, and the log says so",
  async (lane) => {
    const { status, body } = await ask(`/${lane}/value`, "too late");
    assert.deepEqual([status, body], [200, '"answered"']);
    const { err } = await server.logged(({ msg }) =>
      msg.includes(`GET /${lane}/value: it called next() after it had answered`),
    );
    assert.equal((err as { code: ErrorCode }).code, "OFFLOOP_AROUND_RESULT");
  },
);

eachLane(
  "an around changes status, type and cookies of a reply, and may take its body away",
  async (lane) => {
    const changed = await ask(`/${lane}/value`, "change");
    assert.deepEqual(
      [changed.status, changed.body, changed.response.headers.get("content-type")],
      [299, '{"value":1}', "application/changed"],
    );
    assert.match(changed.response.headers.get("set-cookie") ?? "", /^seen=yes/);
    assert.deepEqual(notes, ["200 application/json"]);
    assert.deepEqual((await ask(`/${lane}/generator`, "empty")).body, "");
  },
);

eachLane(
  "streams and generators pass arounds, and are closed where one answers in their place",
  async (lane) => {
    const { response, body } = await ask(`/${lane}/generator`);
    assert.deepEqual([body, passed(response)], ["1\n2\n", own]);
    assert.match((await ask(`/${lane}/file-stream`)).body, /^import/);
    assert.equal((await ask(`/${lane}/file-stream`, "replace")).body, '"replaced"');
  },
);

eachLane("tasks and dependencies of a reply that an around replaces still run and close", async (lane) => {
  for (const around of ["replace", "unawaited"]) {
    notes.length = 0;
    assert.equal((await ask(`/${lane}/dependency`, around)).status, 200);
    await until(() => notes.length >= (lane === "loop" ? 2 : 1));
    assert.deepEqual(notes, lane === "loop" ? ["of the operation", "closed"] : ["of the operation"]);
  }
});

eachLane(
  "of an around that throws after next() no task runs, and what was opened is closed",
  async (lane) => {
    const { status, body } = await ask(`/${lane}/dependency`, "late throw");
    assert.deepEqual([status, body], [409, '{"detail":"late"}']);
    await ask(`/${lane}/dependency`, "task");
    await until(() => notes.includes("of the around"));
    assert.ok(!notes.includes("never"));
    assert.deepEqual(
      notes.filter((note) => note.startsWith("of")),
      ["of the operation", "of the around"],
    );
  },
);

eachLane("tasks that a body adds run, in an around that has added some as well", async (lane) => {
  await ask(`/${lane}/adds`, "task");
  await until(() => notes.length >= 3);
  assert.deepEqual(notes, ["of the operation", "of the around", "of its body"]);
});

test("a task may add others while it runs, in an around that has added some as well", async () => {
  await ask("/task-adds", "task");
  await until(() => notes.length >= 2);
  assert.deepEqual(notes, ["of the around", "of a task"]);
});

for (const path of ["value", "dependency"])
  eachLane(`tasks that an around adds in a body of its own run [${path}]`, async (lane) => {
    assert.equal((await ask(`/${lane}/${path}`, "stream")).body, "streamed");
    await until(() => notes.includes("of the around's stream"));
  });

eachLane("a task that an around adds when it has answered is refused", async (lane) => {
  await ask(`/${lane}/value`, "late task");
  await until(() => notes.length > 0);
  assert.deepEqual(notes, ["OFFLOOP_TASK_LATE"]);
});

test("around() takes async functions only", () => {
  for (const wrong of [() => null, undefined, async function* () {}, "x"])
    for (const router of [new App(), new Router()])
      assert.throws(
        () => router.around(wrong as never),
        (error) => error instanceof OffloopError && error.code === "OFFLOOP_HANDLER_INVALID",
      );
});

test("an around added to an included router later counts, as its operations do", async () => {
  const late = new Router({ prefix: "/late" });
  const outer = new App();
  outer.include(late);
  late.get("/", async () => "late");
  late.around(async (_, next) => {
    const reply = await next();
    reply.headers.set("x-late", "yes");
    return reply;
  });
  await using client = await testClient(outer);
  assert.equal((await client.get("/late/")).headers.get("x-late"), "yes");
  assert.equal((await client.get("/late/no")).headers.get("x-late"), "yes");
  assert.equal((await client.get("/")).headers.get("x-late"), null);
});

/** Waits for a note that comes after the response. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

test("an around that returns a proxy which does not say what it is: 500", async () => {
  const secretive = new App();
  const proxy = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error("no comment");
      },
    },
  );
  secretive.around(async () => proxy);
  secretive.get("/", async () => 1);
  await using client = await testClient(secretive);
  assert.equal((await client.get("/")).status, 500);
});

eachLane("an around that words an error anew leaves the first one in the log", async (lane) => {
  const { status, body } = await ask(`/${lane}/late`, "reword");
  assert.deepEqual([status, body], [504, '{"detail":"reworded"}']);
  const { err } = await server.logged(({ msg }) => msg === `GET /${lane}/late failed: reworded`);
  const cannotFinish = new RegExp(`caused by: OFFLOOP_TIMEOUT: Cannot finish GET /${lane}/late`);
  assert.match((err as { stack: string }).stack, cannotFinish);
});
