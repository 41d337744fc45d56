import assert from "node:assert/strict";
import { test } from "node:test";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import { App, OffloopError, Router } from "offloop";
import { testClient } from "offloop/testing";
import * as v from "valibot";
import { z } from "zod";
import { memoryLog } from "../fixtures/memory-log.ts";

test("task(): a task whose router no app includes is reported when the app loads, and when it is called", async () => {
  const router = new Router();
  const stray = router.task("stray", () => 1);
  const inner = new Router();
  const included = inner.task("included", async () => 2);
  const outer = new Router();
  outer.include(inner);
  const app = new App();
  app.include(outer);
  const log = memoryLog();
  await using _ = await testClient(app, { logger: log.logger });
  assert.match(
    await log.find(/OFFLOOP_TASK_UNKNOWN/),
    /Cannot run task "stray" on a thread: no app includes .*\n {2}at test\/app\/task\.test\.ts:13:24\n {2}fix include the router/,
  );
  await assert.rejects(stray(), { code: "OFFLOOP_TASK_UNKNOWN" });
  assert.equal(await included(), 2);
});

test("task(): a durable one whose args need a file is refused when it is declared", () => {
  const app = new App();
  const Named = z.object({ name: z.string(), file: z.file() });
  const needing = {
    file: z.file(),
    optional: z.file().optional(),
    images: z.file().mime(["image/png", "image/jpeg"]),
    list: z.array(z.file()),
    field: Named.meta({ id: "Named" }),
    union: z.union([Named, z.file().min(1).mime(["image/png", "image/gif"])]),
    valibot: toStandardJsonSchema(v.file()),
    arktype: type("File"),
  };
  for (const [name, schema] of Object.entries(needing)) {
    const declare = (): unknown => app.task(name, { durable: true, args: [z.string(), schema] }, () => 1);
    assert.throws(declare, (error) => {
      assert.ok(error instanceof OffloopError && error.code === "OFFLOOP_JOB_ARGUMENT", name);
      const said = `Cannot declare task "${name}": args[1] needs a file: an uploaded file is gone after its request; save it first, and pass its path or key\n`;
      assert.ok(error.message.startsWith(said), error.message);
      assert.equal(error.at?.file, import.meta.filename);
      return true;
    });
  }
  assert.throws(() => app.task("nightly", { schedule: "0 3 * * *", args: [z.file().optional()] }, () => 1), {
    code: "OFFLOOP_JOB_ARGUMENT",
  });
});

test("task() refuses a schedule of a function that requires arguments", () => {
  const app = new App();
  const refused = (fix: string) => (error: unknown) => {
    assert.ok(error instanceof OffloopError && error.code === "OFFLOOP_HANDLER_INVALID", String(error));
    assert.match(
      error.message,
      /^Cannot declare task "t": its function requires 1 argument, and its schedule/,
    );
    assert.equal(error.fix, fix);
    assert.equal(error.at?.file, import.meta.filename);
    return true;
  };
  const named = async (days: number): Promise<number> => days;
  assert.throws(
    // @ts-expect-error the types say so, too
    () => app.task("t", { durable: true, schedule: "@daily" }, named),
    refused(
      "give each a default, like (days: number = 7) => ..., or write deps: {} if it is the context that you want",
    ),
  );
  assert.throws(
    // @ts-expect-error the types say so, too
    () => app.task("t", { schedule: "@daily", deps: {} }, (_context, days: number) => days),
    refused("give each a default, like (days: number = 7) => ..."),
  );
  app.task("optional", { schedule: "@daily", deps: {} }, (_context, days: number = 7) => days);
});

test("task(): args that only allow a file, text of a media type, and a task that is not durable are accepted", () => {
  interface Tree {
    readonly children: Tree[];
  }
  const Tree: z.ZodType<Tree> = z.object({ children: z.lazy(() => z.array(Tree)) });
  const args = [
    z.union([z.file(), z.string()]),
    z.object({ name: z.string(), file: z.file().optional() }),
    z.string().meta({ contentMediaType: "text/html" }),
    Tree,
    z.any(),
  ];
  const app = new App();
  app.task("kept", { durable: true, args }, () => 1);
  app.task("now", { args: [z.file()] }, (file) => file.size);
});
