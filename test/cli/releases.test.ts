import assert from "node:assert/strict";
import { symlinkSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { appFolder } from "../fixtures/app-folder.ts";
import { listening, offloop } from "../fixtures/cli.ts";

const source = (release: number, more = ""): string => `import { App } from "offloop";

const app = new App();
app.get("/loop", async () => ${release});
app.get("/thread", () => ${release});
app.get("/exit", () => process.exit(1));
${more}
export default app;
`;

/** The release that a lane answers from, on a connection of its own: an old worker still answers on those it has. */
async function answer(url: string, path: string): Promise<unknown> {
  return (await fetch(url + path, { headers: { connection: "close" } })).json();
}

test("releases: a link is followed once by each process, so its threads stay at their release until it is replaced", async (t) => {
  const [first, second] = [1, 2].map((release) =>
    dirname(appFolder({ "app.ts": source(release) }).path("app.ts")),
  ) as [string, string];
  const link = appFolder({}).path("current");
  symlinkSync(first, link);
  const running = offloop("run", `${link}/app.ts`, "--port", "0", "--workers", "1");
  t.after(() => running.child.kill("SIGKILL"));
  const url = await listening(running);
  unlinkSync(link);
  symlinkSync(second, link);
  await answer(url, "/exit");
  assert.deepEqual([await answer(url, "/loop"), await answer(url, "/thread")], [1, 1]);
  running.child.kill("SIGHUP");
  await running.line(/restarted 1 worker/);
  assert.deepEqual([await answer(url, "/loop"), await answer(url, "/thread")], [2, 2]);
  running.child.kill("SIGTERM");
  assert.equal((await running.ended()).code, 0);
});

test("releases: copied over the files of a running server, they are named by the error of its threads", async (t) => {
  const folder = appFolder({ "app.ts": source(1) });
  const running = offloop("run", folder.path("app.ts"), "--port", "0");
  t.after(() => running.child.kill("SIGKILL"));
  const url = await listening(running);
  folder.write("app.ts", source(2, 'app.get("/new", () => "new");'));
  await fetch(`${url}/exit`);
  assert.match(
    await running.line(/OFFLOOP_THREAD_APP_DIFFERS/),
    /GET \/new exists in thread \d+ and not on the main thread\\n {2}at .*app\.ts:1:1\\n {2}fix restart the server: .*app\.ts has changed since it started/,
  );
  folder.write("app.ts", "throw new Error('half a copy');");
  assert.match(
    await running.line(/OFFLOOP_THREAD_START/),
    /half a copy\\n {2}at .*app\.ts:1:1\\n {2}fix restart the server: .*app\.ts has changed since it started/,
  );
});
