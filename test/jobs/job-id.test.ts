import assert from "node:assert/strict";
import { test } from "node:test";
import { App, HTTPError, OffloopError } from "offloop";
import { testClient } from "offloop/testing";
import { formatJobId, parseJobId } from "../../src/jobs/job-id.ts";
import { newUuid } from "../../src/jobs/uuid.ts";

const names = [
  "report",
  "a:b",
  "import items",
  "50%",
  "50%25",
  "a/b?c#d",
  "~20",
  "Größe 😀",
  '"quoted" \\ $x',
];

test("formatJobId() gives what needs no escape in a URL, and parseJobId() reads it", () => {
  const uuid = newUuid();
  for (const task of names) {
    const id = formatJobId({ task, uuid });
    assert.equal(id, encodeURIComponent(id).replaceAll("%3A", ":"), task);
    assert.deepEqual(parseJobId(id), { task, uuid });
  }
  assert.equal(formatJobId({ task: "import items", uuid }), `import~20items:${uuid}`);
  assert.equal(parseJobId("task"), undefined);
});

test("the id of a job is a segment of a URL as it stands, whatever its task is called", async () => {
  const app = new App();
  const tasks = names.map((name) => app.task(name, { durable: true }, async () => name));
  app.post("/jobs/:index", { status: 202 }, async ({ params, response }) => {
    const { id } = await (tasks[Number(params.index)] as (typeof tasks)[number]).enqueue();
    response.headers.set("location", `/jobs/${id}`);
  });
  app.get("/jobs/:id", async ({ params }) => {
    const job = await app.jobs.get(params.id);
    if (job === undefined) throw new HTTPError(404);
    return { id: job.id, task: job.task };
  });
  await using client = await testClient(app);
  for (const [index, task] of names.entries()) {
    const url = (await client.post(`/jobs/${index}`)).headers.get("location") as string;
    const found = await client.get(url);
    assert.deepEqual([found.status, await found.json()], [200, { id: url.slice("/jobs/".length), task }]);
  }
});

test("every method of app.jobs that takes an id says what it got instead, where, and what to pass", async () => {
  const app = new App();
  const task = app.task("t", { durable: true }, async () => 1);
  await using _client = await testClient(app);
  const { jobs } = app;
  const first = async (id: never): Promise<void> => {
    for await (const _ of jobs.follow(id)) return;
  };
  const methods: Readonly<Record<string, (id: never) => Promise<unknown>>> = {
    get: (id) => jobs.get(id),
    attempts: (id) => jobs.attempts(id),
    cancel: (id) => jobs.cancel(id),
    retry: (id) => jobs.retry(id),
    list: (after) => jobs.list({ after }),
    follow: first,
  };
  const call = (method: string, job: string): string =>
    `app.jobs.${method}(${method === "list" ? `{ after: ${job} }` : job})`;
  const job = await task.enqueue();
  const wrong: readonly (readonly [unknown, got: string, fix: string, passed: string])[] = [
    [job, "an object that has an id", "pass its id", "job.id"],
    [task.enqueue(), "an instance of Promise", "await it", "(await job).id"],
    [7, "7", "pass the id that enqueue gave", "job.id"],
    [null, "null", "pass the id that enqueue gave", "job.id"],
    [{}, "{}", "pass the id that enqueue gave", "job.id"],
    [() => 1, "a function", "pass the id that enqueue gave", "job.id"],
  ];
  for (const [method, ask] of Object.entries(methods))
    for (const [id, got, fix, passed] of wrong)
      await assert.rejects(ask(id as never), (error) => {
        assert.ok(error instanceof OffloopError && error.code === "OFFLOOP_OPTION_INVALID", String(error));
        const said = `Cannot call app.jobs.${method}: expected the id of a job, which is text, got ${got}`;
        assert.equal(error.message.split("\n")[0], said);
        assert.equal(error.fix, `${fix}: ${call(method, passed)}`);
        assert.equal(error.at?.file, import.meta.filename);
        return true;
      });
  await assert.rejects(jobs.get(undefined as never), { message: /got undefined\n/ });
});
