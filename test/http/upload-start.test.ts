import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { appFolder } from "../fixtures/app-folder.ts";
import { listening, offloopWith } from "../fixtures/cli.ts";

test("a start says that larger uploads will fail, unless no operation takes files", async (context) => {
  const cwd = appFolder(
    {
      "app.ts": `import { App, depends } from "offloop";
import { z } from "zod";
const app = new App();
app.post("/login", { form: { name: z.string() } }, async ({ form }) => form.name);
const avatar = depends({ form: z.object({ avatar: z.file().mime(["image/png"]).optional() }) }, async ({ form }) => form);
if (process.env.TAKES_FILES === "1") app.post("/me", { deps: { avatar } }, async () => "ok");
export default app;
`,
      "file.txt": "no folder",
    },
    ["zod"],
  );
  const starts = async (takesFiles: string, tmp: string): Promise<string> => {
    const env = { TMPDIR: tmp, TAKES_FILES: takesFiles };
    const command = offloopWith(env, "run", cwd.path("app.ts"), "--port", "0");
    context.after(() => command.child.kill("SIGKILL"));
    await listening(command);
    command.child.kill("SIGTERM");
    return (await command.ended()).output;
  };
  const warned = await starts("1", cwd.path("none"));
  assert.match(warned, /"level":40.*"code":"OFFLOOP_UPLOAD_DISK"/);
  assert.match(warned, /Cannot keep uploads of POST \/me on disk once they are larger than 1 MiB: ENOENT/);
  assert.match(warned, /at \S*app\.ts:6:42\\n {2}fix set TMPDIR to a folder that exists/);
  assert.match(await starts("1", cwd.path("file.txt")), /OFFLOOP_UPLOAD_DISK.*ENOTDIR/);
  assert.doesNotMatch(await starts("0", cwd.path("none")), /OFFLOOP_UPLOAD_DISK/);
  assert.doesNotMatch(await starts("1", tmpdir()), /OFFLOOP_UPLOAD_DISK/);
});
