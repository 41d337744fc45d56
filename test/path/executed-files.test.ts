import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { BroadcastChannel } from "node:worker_threads";
import { testClient } from "offloop/testing";
import { ExecutedFiles } from "../fixtures/executed-files.ts";

/** By then all that is made once has been made. */
const WARM_UP = 200;

test("a request passes through few files of src", async (t) => {
  // One thread, as each answers for itself; without priority there is no relay, which a busy machine would start.
  const threads = { max: 1, reserve: 0, priority: 0 };
  await using client = await testClient(new URL("../fixtures/counted-app.ts", import.meta.url), { threads });
  const channel = new BroadcastChannel("executed files");
  t.after(() => channel.close());
  const inMain = new ExecutedFiles();

  // On the loop and in the thread together; what belongs to the test client is not counted.
  const takeAll = async (): Promise<string[]> => {
    channel.postMessage("take");
    const [{ data }] = (await once(channel, "message")) as [MessageEvent<string[]>];
    return [...new Set([...inMain.take(), ...data])].filter((file) => !file.startsWith("testing/")).sort();
  };
  const postNote = async (): Promise<Response> => {
    const noted = once(channel, "message");
    const response = await client.post("/notes");
    await noted;
    return response;
  };
  // Each with a connection of its own.
  const requests: Record<string, [most: number, send: () => Promise<Response>]> = {
    "GET of an async operation": [19, () => client.get("/")],
    "POST of a plain operation with a body": [31, () => client.post("/items", { json: { name: "pen" } })],
    "POST that adds a plain background task": [38, postNote],
  };
  for (const [name, [most, send]] of Object.entries(requests)) {
    for (let sent = 0; sent < WARM_UP; sent++) await (await send()).text();
    await new Promise(setImmediate);
    await takeAll();
    assert.equal((await send()).status, 200, name);
    await new Promise(setImmediate);
    const files = await takeAll();
    t.diagnostic(`${name}: ${files.length} files`);
    assert.ok(files.length <= most, `${name} executes ${files.length} files: ${files.join(", ")}`);
  }
});
