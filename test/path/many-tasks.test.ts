import assert from "node:assert/strict";
import { test } from "node:test";
import { appFolder } from "../fixtures/app-folder.ts";
import { listening, offloop } from "../fixtures/cli.ts";

test("a request adds more tasks than a call has room for arguments, from a thread's operation and from its dependency", async (t) => {
  const folder = appFolder({
    "app.ts": `import { App, depends } from "offloop";
const app = new App();
// The first that fails stops the rest.
const fails = app.task("fails", () => { throw new Error("the first"); });
const add = ({ background }: { background: { add(task: typeof fails): void } }) => {
  for (let n = 0; n < 150_000; n++) background.add(fails);
  return "added";
};
const many = depends(add);
app.get("/thread", (context) => add(context));
app.get("/loop/dependency", { deps: { many } }, async ({ many }) => many);
export default app;
`,
  });
  const run = offloop("run", folder.path("app.ts"), "--port", "0");
  t.after(() => run.child.kill("SIGKILL"));
  const url = await listening(run);
  for (const path of ["/thread", "/loop/dependency"]) {
    const response = await fetch(url + path);
    assert.deepEqual([response.status, await response.text()], [200, '"added"'], path);
  }
  run.child.kill("SIGTERM");
  await run.ended();
  assert.ok(!run.lines.some((line) => /RangeError|call stack/.test(line)));
});
