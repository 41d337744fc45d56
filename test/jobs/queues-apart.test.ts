import assert from "node:assert/strict";
import { test } from "node:test";
import { App, type Job } from "offloop";
import { postgres, withoutPostgres } from "../fixtures/databases.ts";
import { running } from "../fixtures/running.ts";

test("an app takes jobs of the tasks that it declares, and leaves those of others in its schema", {
  skip: withoutPostgres(),
}, async () => {
  const jobs = { url: (await postgres()).url };
  const serves = new App({ watch: false });
  const mail = serves.task("mail", { durable: true }, async () => "sent by the app that serves");
  const images = serves.task("images", { durable: true }, async () => "resized by the app that serves");
  const works = new App({ watch: false });
  works.task("images", { durable: true }, async () => "resized by the worker of images");

  const server = await running(serves, { work: false, jobs });
  const worker = await running(works, { jobs });
  try {
    const letter = await mail.enqueue();
    const image = await images.enqueue();
    let last: Job<string> | undefined;
    for await (last of serves.jobs.follow(image.id));
    assert.equal(last?.result, "resized by the worker of images");
    assert.equal((await serves.jobs.get(letter.id))?.state, "waiting");
  } finally {
    await worker.close();
    await server.close();
  }
});
