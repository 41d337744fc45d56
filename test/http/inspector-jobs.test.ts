import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import type { EnqueuedJob, Job } from "offloop";
import type { JobActionDone, JobSheet, JobsPage } from "../../src/inspector/shown-jobs.ts";
import inspected from "../fixtures/inspected-app.ts";
import { type Running, running } from "../fixtures/running.ts";

const folder = await mkdtemp(join(tmpdir(), "offloop-inspected-jobs-"));
process.env.BROKEN_FILE = folder; // is there: charge fails
const { default: app, charge, render, welcome } = await import("../pages/jobs-app.ts");

const jobs = { dir: join(folder, "jobs") };

after(() => rm(folder, { recursive: true, force: true }));

interface Asked {
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** `fetch` lets a test choose neither the Host nor the Origin. */
async function ask(url: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Answer> {
  const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
  const asking = request(url, { method, headers: sent as Record<string, string>, agent: false });
  asking.end(body);
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, text: await text(response) };
}

const mark = { "x-offloop-inspector": "1" };
const token = "0123456789abcdef0123456789abcdef";

describe("the inspector's jobs", () => {
  let server: Running;
  /** What the page itself sends. */
  let own: Record<string, string>;

  before(async () => {
    server = await running(app, { inspector: true, jobs });
    own = { ...mark, origin: server.url, "sec-fetch-site": "same-origin" };
  });
  after(async () => {
    for (const job of await app.jobs.list({ state: "running" })) await app.jobs.cancel(job.id);
    await server.close();
  });

  const page = async (search = ""): Promise<JobsPage> =>
    JSON.parse((await ask(`${server.url}/_offloop/jobs?${search}`, { headers: mark })).text) as JobsPage;
  const sheet = (id: string): Promise<Answer> =>
    ask(`${server.url}/_offloop/job?${new URLSearchParams({ id })}`, { headers: mark });
  const act = (action: string, ids: unknown, headers: Asked["headers"] = own): Promise<Answer> =>
    ask(`${server.url}/_offloop/jobs/${action}`, { method: "POST", headers, body: JSON.stringify({ ids }) });
  const until = async ({ id }: EnqueuedJob, fits: (job: Job) => boolean): Promise<Job> => {
    for await (const job of app.jobs.follow(id)) if (fits(job)) return job;
    return assert.fail(`${id} ended otherwise`);
  };

  test("are listed with their counts, and found by task, state, key and id", async () => {
    const done = await welcome.with({ key: "k" }).enqueue("ada");
    const waiting = await welcome.with({ delayMs: 3_600_000 }).enqueue("later");
    await until(done, ({ state }) => state === "done");
    const { jobs, tasks, next } = await page();
    assert.deepEqual(
      jobs.map(({ id, state, args }) => [id, state, args]),
      [
        [waiting.id, "waiting", '"later"'],
        [done.id, "done", '"ada"'],
      ],
    );
    assert.equal(next, null);
    const counts = tasks?.find(({ task }) => task === "welcome");
    assert.deepEqual([counts?.waiting, counts?.ended], [1, 1]);
    const ids = async (search: string): Promise<string[]> => (await page(search)).jobs.map(({ id }) => id);
    assert.deepEqual(await ids("state=done"), [done.id]);
    assert.deepEqual(await ids("task=render"), []);
    assert.deepEqual(await ids("find=k"), [done.id]);
    assert.deepEqual(await ids(`find=${encodeURIComponent(done.id)}`), [done.id]);
    assert.deepEqual(await ids(`find=${waiting.id.slice("welcome/".length).toUpperCase()}`), [waiting.id]);
    assert.deepEqual(await ids("state=nonsense"), [waiting.id, done.id]);
    await app.jobs.cancel(waiting.id);
  });

  test("come 50 at a time, one page after the other", async () => {
    const jobs = Array.from({ length: 55 }, (_, at) =>
      welcome.with({ delayMs: 3_600_000 }).enqueue(`page ${at}`),
    );
    const ids = (await Promise.all(jobs)).map(({ id }) => id);
    const first = await page("task=welcome&state=waiting");
    assert.equal(first.jobs.length, 50);
    const second = await page(`task=welcome&state=waiting&after=${encodeURIComponent(first.next ?? "")}`);
    assert.equal(second.next, null);
    assert.deepEqual([...first.jobs, ...second.jobs].map(({ id }) => id).sort(), ids.sort());
    const { text } = await act("cancel", ids);
    assert.equal((JSON.parse(text) as JobActionDone).done.length, 55);
  });

  test("have a page each: attempts with error, cause and stack, arguments, result", async () => {
    const failed = await charge.enqueue({ id: 7, cents: 1200 });
    await until(failed, ({ state }) => state === "dead");
    const { job, args, result, attempts } = JSON.parse((await sheet(failed.id)).text) as JobSheet;
    assert.equal(job.state, "dead");
    assert.equal(job.error, "Error: No answer for order 7");
    assert.deepEqual(JSON.parse(args), { id: 7, cents: 1200 });
    assert.equal(result, null);
    const [attempt] = attempts;
    assert.equal(attempt?.outcome, "failed");
    assert.deepEqual(
      attempt.errors.map(({ title }) => title),
      ["Error: No answer for order 7", "Error: connection refused"],
    );
    assert.match(attempt.errors[0]?.stack ?? "", /^at .*jobs-app\.ts:\d+:\d+/);
    assert.equal((await sheet("welcome:00000000-0000-4000-8000-000000000000")).status, 404);
    assert.equal((await sheet("nonsense")).status, 404);
  });

  test("are ended, cancelled and run again, and the log says so", async () => {
    const job = await render.enqueue("endless.png");
    await until(job, ({ state, progress }) => state === "running" && progress === 0.4);
    assert.deepEqual(JSON.parse((await act("retry", [job.id])).text), { done: [], refused: [job.id] });
    assert.deepEqual(JSON.parse((await act("cancel", [job.id])).text), { done: [job.id], refused: [] });
    await server.logged(({ msg, jobs }) => /cancel/.test(msg) && String(jobs) === job.id);
    assert.equal((await app.jobs.get(job.id))?.state, "cancelled");
    assert.deepEqual(JSON.parse((await act("retry", [job.id])).text), { done: [job.id], refused: [] });
    await until(job, ({ state }) => state === "running");
    await act("cancel", [job.id]);
  });

  describe("refuse", () => {
    let job: EnqueuedJob;

    before(async () => {
      job = await welcome.with({ delayMs: 3_600_000 }).enqueue("stays");
    });
    after(async () => {
      assert.equal((await app.jobs.get(job.id))?.state, "waiting", "what was refused has done something");
    });

    const foreign = "http://evil.example";
    for (const [what, headers] of Object.entries({
      "a form of another site, which can send no header": {
        "x-offloop-inspector": undefined,
        origin: foreign,
        "sec-fetch-site": "cross-site",
      },
      "a form of an own page, too": { "x-offloop-inspector": undefined },
      "a script of another site, whatever a plugin allows it": {
        origin: foreign,
        "sec-fetch-site": "cross-site",
      },
      "a script of another site in a browser without Sec-Fetch-Site": {
        origin: foreign,
        "sec-fetch-site": undefined,
      },
      "another port of this machine": { origin: "http://127.0.0.1:1", "sec-fetch-site": "same-site" },
      "another port in a browser without Sec-Fetch-Site": {
        origin: "http://127.0.0.1:1",
        "sec-fetch-site": undefined,
      },
      "a sandboxed frame": { origin: "null", "sec-fetch-site": "cross-site" },
      "a sandboxed frame in a browser without Sec-Fetch-Site": {
        origin: "null",
        "sec-fetch-site": undefined,
      },
      "nobody's page": { origin: undefined, "sec-fetch-site": undefined },
      "a name that was pointed here": { host: "evil.example", origin: foreign },
      "who a proxy asks for": { "x-forwarded-for": "10.0.0.1" },
    } satisfies Record<string, Asked["headers"]>))
      test(`${what}: 403`, async () => {
        for (const action of ["cancel", "retry"]) {
          const { status, text } = await act(action, [job.id], { ...own, ...headers });
          assert.equal(status, 403, text);
        }
      });

    test("other sites what they would read, too", async () => {
      const read = (headers: Readonly<Record<string, string | undefined>>): Promise<(number | undefined)[]> =>
        Promise.all(
          ["/jobs", `/job?id=${encodeURIComponent(job.id)}`].map(
            async (path) => (await ask(`${server.url}/_offloop${path}`, { headers })).status,
          ),
        );
      assert.deepEqual(await read(own), [200, 200]);
      assert.deepEqual(await read({ ...own, origin: undefined }), [200, 200]);
      for (const headers of [
        {},
        { ...mark, origin: foreign },
        { ...mark, "sec-fetch-site": "cross-site" },
        { ...mark, "sec-fetch-site": "same-site" },
        { ...mark, host: "evil.example" },
      ])
        assert.deepEqual(await read(headers), [403, 403]);
    });

    test("anything but a list of ids: 400", async () => {
      for (const ids of [undefined, null, "x", [], [1], Array.from({ length: 101 }, () => job.id)])
        assert.equal((await act("cancel", ids)).status, 400);
      const url = `${server.url}/_offloop/jobs/cancel`;
      for (const body of ["", "null", "{", undefined])
        assert.equal(
          (await ask(url, { method: "POST", headers: own, ...(body === undefined ? {} : { body }) })).status,
          400,
        );
      const long = "x".repeat(70_000);
      assert.equal((await act("cancel", [long])).status, 413);
    });

    test("a GET of what changes something", async () => {
      assert.equal(
        (await ask(`${server.url}/_offloop/jobs/cancel?ids=${job.id}`, { headers: own })).status,
        404,
      );
    });
  });
});

describe("the inspector's jobs with a token", () => {
  test("ask for the cookie, and take no token from the URL", async () => {
    const server = await running(app, { inspector: { token }, jobs });
    try {
      const job = await welcome.with({ delayMs: 3_600_000 }).enqueue("guarded");
      const opened = await ask(`${server.url}/_offloop?token=${token}`);
      const cookie = opened.headers["set-cookie"]?.[0]?.split(";")[0] ?? assert.fail("no cookie");
      assert.match(opened.headers["set-cookie"]?.[0] ?? "", /HttpOnly; SameSite=Lax/);
      const own = { ...mark, origin: "https://dev.example", host: "dev.example" };
      const act = async (headers: Record<string, string>, search = ""): Promise<number | undefined> => {
        const body = JSON.stringify({ ids: [job.id] });
        return (await ask(`${server.url}/_offloop/jobs/cancel${search}`, { method: "POST", headers, body }))
          .status;
      };
      assert.equal(await act(own), 401);
      assert.equal(await act(own, `?token=${token}`), 401);
      assert.equal(await act({ ...own, cookie: `offloop_inspector=${token}` }), 401);
      assert.equal(await act({ ...own, cookie, origin: "https://evil.example" }), 403);
      assert.equal((await app.jobs.get(job.id))?.state, "waiting");
      // Behind a proxy that puts its own name into Host, the browser vouches for the page.
      assert.equal(await act({ ...own, cookie, host: "backend:8000", "sec-fetch-site": "same-origin" }), 200);
      assert.equal((await app.jobs.get(job.id))?.state, "cancelled");
    } finally {
      await server.close();
    }
  });
});

describe("the inspector of an app without durable tasks", () => {
  test("says so, and has nothing to act on", async () => {
    const server = await running(inspected, { inspector: true });
    try {
      const { status, text } = await ask(`${server.url}/_offloop/jobs`, { headers: mark });
      assert.deepEqual([status, text], [200, '{"durable":false}']);
      const acted = await ask(`${server.url}/_offloop/jobs/cancel`, {
        method: "POST",
        headers: { ...mark, origin: server.url },
      });
      assert.equal(acted.status, 404);
    } finally {
      await server.close();
    }
  });
});
