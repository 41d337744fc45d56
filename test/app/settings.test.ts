import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { App, type OffloopError, serve } from "offloop";
import { testClient } from "offloop/testing";
import { containerMib, threadsThatFit } from "../../src/app/settings/container.ts";
import { resolveSettings } from "../../src/app/settings/settings.ts";

test("settings: Python's rule for threads, and the other defaults", () => {
  assert.deepEqual(resolveSettings(), {
    threads: {
      max: Math.min(
        32,
        availableParallelism() + 4,
        threadsThatFit(containerMib() ?? Number.POSITIVE_INFINITY, 1),
      ),
      min: 1,
      reserve: 1,
      priority: 10,
      idleMs: 30_000,
      longRunMs: 30_000,
      maxQueue: 1_000,
      maxBackgroundQueue: 10_000,
      resourceLimits: {},
    },
    timeouts: { operationMs: undefined, taskMs: undefined },
    connections: {
      maxHeaderBytes: 16_384,
      headersTimeoutMs: 15_000,
      requestTimeoutMs: 300_000,
      sendTimeoutMs: 60_000,
      keepAliveTimeoutMs: 72_000,
      maxPipelined: 64,
    },
    websockets: {
      maxMessageBytes: 1_048_576,
      maxQueuedMessages: 32,
      maxBufferBytes: 1_048_576,
      idleMs: 40_000,
    },
    health: undefined,
    metrics: undefined,
    rootPath: "",
    trustProxy: false,
    log: { secrets: [], queryValues: true, skipPaths: [] },
    maxBodyBytes: 10_485_760,
    inputs: {
      strictTypes: false,
      maxLoopBodyBytes: 1_048_576,
      maxLoopValues: 50_000,
      maxValues: 1_000_000,
      maxDepth: 200,
      maxNames: 1_000,
      maxMistakes: 100,
      maxEchoedChars: 1_024,
    },
    shutdownGraceMs: 30_000,
    hungWorkerMs: 30_000,
    watch: { thresholdMs: 100, level: "production" },
    jobs: { dir: ".offloop/jobs", schema: "offloop", concurrency: 10, pollMs: 1_000, cancelGraceMs: 1_000 },
    session: undefined,
  });
});

test("settings: those of serve() take precedence over the app's, option by option", () => {
  const { threads } = resolveSettings({ threads: { max: 3, reserve: 2 } }, { threads: { max: 4 } });
  assert.deepEqual([threads.max, threads.reserve], [4, 2]);
});

test("settings: a value outside its range is refused with what was given", async () => {
  for (const [settings, message] of [
    [{ threads: { max: 0 } }, /threads\.max: expected an integer from 1 to 256, got 0/],
    [{ threads: { max: 1.5 } }, /got 1\.5/],
    [{ threads: { max: Number("four") } }, /threads\.max: .*got NaN/],
    [{ threads: { max: "4" as never } }, /got "4"/],
    [
      { threads: { resourceLimits: { maxOldGenerationSizeMb: "512" as never } } },
      /threads\.resourceLimits\.maxOldGenerationSizeMb: expected a number of MiB above 0, got "512"/,
    ],
    [{ maxBodyBytes: -1 }, /maxBodyBytes/],
    [
      { inputs: { strictTypes: "false" as never } },
      /inputs\.strictTypes: expected true or false, got "false"/,
    ],
    [{ health: { livez: "livez" } }, /health\.livez: expected a path without parameters, got "livez"/],
    [{ health: { readyz: 5 as never, port: 0 } }, /health\.readyz: .*got 5/],
    [{ metrics: { path: "/:name" } }, /metrics\.path: .*got "\/:name"/],
    [
      { health: { livez: "/health", readyz: "/health" } },
      /health\.readyz: expected a path other than that of health\.livez, got "\/health"/,
    ],
    [{ health: true, metrics: { path: "/livez" } }, /metrics\.path: .*that of health\.livez/],
    [{ rootPath: "api" }, /rootPath: .*got "api"/],
    [{ trustProxy: ["10.0.0.0/8", "proxy"] }, /trustProxy: .*got "proxy"/],
    [{ trustProxy: ["10.0.0.0/33"] }, /got "10\.0\.0\.0\/33"/],
    [{ trustProxy: "10.0.0.1" as never }, /got "10\.0\.0\.1"/],
    [{ log: { secrets: "code" as never } }, /log\.secrets: .*got "code"/],
    [{ log: { skipPaths: ["metrics"] } }, /log\.skipPaths: .*got \["metrics"\]/],
    [{ jobs: { schema: "My Jobs" } }, /jobs\.schema: .*got "My Jobs"/],
    [{ jobs: { concurrency: 0 } }, /jobs\.concurrency: .*got 0/],
  ] as const) {
    assert.throws(() => resolveSettings(settings), { code: "OFFLOOP_OPTION_INVALID", message });
  }
  await assert.rejects(serve(new App(), { port: 70_000 }), {
    code: "OFFLOOP_OPTION_INVALID",
    message: /port: .*got 70000/,
  });
});

test("settings: a limit of threads that Node does not know is refused, as it would limit nothing", () => {
  assert.throws(() => new App({ threads: { resourceLimits: { maxOldGenerationSizeMB: 512 } as object } }), {
    code: "OFFLOOP_OPTION_UNKNOWN",
    message: /there is no option "maxOldGenerationSizeMB"; did you mean "maxOldGenerationSizeMb"\?/,
  });
});

test("settings: a value in place of a group of settings is refused, and not shown", async () => {
  for (const [wrong, expected] of [
    [{ threads: 4 }, "threads: expected an object like { max }, got number"],
    [{ timeouts: "1s" }, "timeouts: expected an object like { operationMs }, got string"],
    [
      { session: "a secret of 32 characters or more" },
      "session: expected an object like { secret }, got string",
    ],
    [{ watch: true }, "watch: expected false or an object like { thresholdMs }, got boolean"],
    [{ health: "yes" }, "health: expected true or false or an object like { livez }, got string"],
    [
      { threads: { resourceLimits: 512 } },
      "threads.resourceLimits: expected an object like { maxYoungGenerationSizeMb }, got number",
    ],
  ] as [object, string][]) {
    const refused = ({ code, message }: OffloopError): boolean =>
      code === "OFFLOOP_OPTION_INVALID" &&
      message.startsWith(`Cannot use ${expected}\n  at test/app/settings.test.ts:`);
    assert.throws(() => new App(wrong), refused);
    await assert.rejects(serve(new App(), wrong), refused);
    await assert.rejects(testClient(new App(), wrong), refused);
  }
  for (const fine of [{ health: true, metrics: false, watch: false }, { threads: undefined }])
    assert.doesNotThrow(() => new App(fine as object));
});
