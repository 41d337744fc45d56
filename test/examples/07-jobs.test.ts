import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import app from "../../examples/07-jobs/app.ts";

let client: TestClient;
before(async () => {
  client = await testClient(app);
});
after(() => client.close());

async function upload(steps: number): Promise<string> {
  const body = new FormData();
  body.set("image", new File(["picture"], "a.png"));
  body.set("steps", String(steps));
  const response = await client.post<{ job: string }>("/images", { body });
  assert.equal(response.status, 202);
  return (await response.json()).job;
}

const stateOf = async (job: string): Promise<unknown> =>
  (await client.get(`/job?id=${encodeURIComponent(job)}`)).json();

test("07-jobs makes a thumbnail on a thread, and reports it", async () => {
  const job = await upload(2);
  assert.deepEqual(await stateOf(job), { state: "waiting", attempt: 0, progress: null, result: null });
  const events = await client.get(`/job/events?id=${encodeURIComponent(job)}`);
  await client.jobs.drain();
  const told = (await events.text()).match(/"state":"\w+"/g);
  assert.equal(told?.at(-1), '"state":"done"');
  const { result } = (await stateOf(job)) as { result: { thumbnail: string } };
  assert.match(result.thumbnail, /^[0-9a-f]{8}$/);
});

test("07-jobs cancels a job that waits, and knows no other", async () => {
  const job = await upload(2);
  const cancelled = await client.delete(`/job?id=${encodeURIComponent(job)}`);
  assert.deepEqual(await cancelled.json(), { cancelled: true });
  await client.jobs.drain();
  assert.equal(((await stateOf(job)) as { state: string }).state, "cancelled");
  assert.equal((await client.get("/job?id=thumbnail:none")).status, 404);
});

test("07-jobs refuses more steps than its task takes", async () => {
  const body = new FormData();
  body.set("image", new File(["picture"], "a.png"));
  body.set("steps", "500");
  assert.equal((await client.post("/images", { body })).status, 422);
});
