import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { after, before, describe, test } from "node:test";
import { type JobEvent, type Server, serve } from "offloop";
import pg from "pg";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { formatNotice, noticeChannel, parseNotice } from "../../src/jobs/notices.ts";
import type { Notice } from "../../src/jobs/store.ts";
import { newUuid } from "../../src/jobs/uuid.ts";
import { app, waits } from "../fixtures/apps/jobs.ts";
import { withoutPostgres } from "../fixtures/databases.ts";

/** As behind PgBouncer in transaction mode: what is announced reaches nobody. */
const withoutNotices = `create schema silent;
  create function silent.pg_notify(text, text) returns void language sql as '';
  alter database postgres set search_path = silent, pg_catalog, public`;

describe("jobs where notices reach nobody", { skip: withoutPostgres() }, () => {
  let database: DatabaseServer;
  let admin: pg.Client;
  let server: Server;
  const heard: unknown[] = [];

  before(async () => {
    database = (await startPostgres()) as DatabaseServer;
    admin = new pg.Client(database.url);
    await admin.connect();
    await admin.query(withoutNotices);
    admin.on("notification", (notice) => heard.push(notice));
    await admin.query(`listen ${noticeChannel("offloop")}`);
    server = await serve(app, {
      port: 0,
      signals: false,
      logLevel: "silent",
      jobs: { url: database.url },
    });
  });
  after(async () => {
    await server.close();
    await admin.end();
    await database.stop();
  });

  test("cancel() of a running job is found by its heartbeat, and counts as cancelled, not as lost", async () => {
    const started = next("start");
    const { id } = await waits.enqueue(3_600_000);
    assert.equal((await started).job, id);
    const ended = next("end");
    assert.equal(await app.jobs.cancel(id), true);
    const { job, outcome } = await ended;
    assert.deepEqual([job, outcome], [id, "cancelled"]);
    await admin.query("select 1");
    assert.deepEqual(heard, []);
  });
});

test("parseNotice() reads what formatNotice() wrote, whatever the task is called", () => {
  const uuid = newUuid();
  for (const task of ["mail", "send mail/größe", "5 apples", "0.5", "cancelled 1 e", "two\nlines", "a:b"]) {
    const notices: Exclude<Notice, { kind: "enqueued" }>[] = [
      { kind: "cancelled", task, uuid, takes: 12 },
      { kind: "cancelled", task, uuid, takes: undefined },
      { kind: "changed", task, uuid },
      { kind: "progress", task, uuid, value: 0.25 },
      { kind: "progress", task, uuid, value: 1e-7 },
    ];
    for (const notice of notices) assert.deepEqual(parseNotice(formatNotice(notice), String), notice);
  }
});

/** The next attempt that begins, or ends. */
function next<Kind extends JobEvent["event"]>(kind: Kind): Promise<Extract<JobEvent, { event: Kind }>> {
  const { promise, resolve } = Promise.withResolvers<Extract<JobEvent, { event: Kind }>>();
  const hear = (message: unknown): void => {
    const event = message as JobEvent;
    if (event.event !== kind) return;
    unsubscribe("offloop.job", hear);
    resolve(event as Extract<JobEvent, { event: Kind }>);
  };
  subscribe("offloop.job", hear);
  return promise;
}
