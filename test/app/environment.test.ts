import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import { OffloopError, param, settings } from "offloop";
import { override } from "offloop/testing";
import * as v from "valibot";
import { z } from "zod";

let folder: string;
let file: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "offloop-env-"));
  file = join(folder, "names.env");
});
after(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("TRY_")) delete process.env[name];
});

function refusal(read: () => unknown): OffloopError {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof OffloopError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "nothing was refused" });
}

test("settings() reads texts as those of a query: integers, booleans, defaults, lists and objects as JSON", () => {
  Object.assign(process.env, {
    TRY_PORT: " 8080 ",
    TRY_DEBUG: "on",
    TRY_HOSTS: '["a","b"]',
    TRY_ONE: "a",
    TRY_LIMITS: '{"rate": 3}',
    TRY_NAME: "123",
  });
  const env = settings({
    TRY_PORT: z.int(),
    TRY_DEBUG: z.boolean(),
    TRY_HOSTS: z.array(z.string()),
    TRY_ONE: z.array(z.string()),
    TRY_LIMITS: z.object({ rate: z.int() }),
    TRY_NAME: z.string(),
    TRY_WORKERS: z.int().default(4),
    TRY_EXTRA: z.string().optional(),
  });
  assert.deepEqual(
    { ...env },
    {
      TRY_PORT: 8080,
      TRY_DEBUG: true,
      TRY_HOSTS: ["a", "b"],
      TRY_ONE: ["a"],
      TRY_LIMITS: { rate: 3 },
      TRY_NAME: "123",
      TRY_WORKERS: 4,
      TRY_EXTRA: undefined,
    },
  );
});

test("settings() takes schemas of any Standard Schema library, and the variable that param() names", () => {
  Object.assign(process.env, { TRY_PORT: "8080", TRY_LEVEL: "warn", TRY_MAIL: "ada@example.com" });
  const env = settings({
    TRY_PORT: toStandardJsonSchema(v.pipe(v.number(), v.integer())),
    TRY_LEVEL: type("'info' | 'warn'"),
    adminEmail: param(z.email(), { alias: "TRY_MAIL" }),
  });
  assert.deepEqual({ ...env }, { TRY_PORT: 8080, TRY_LEVEL: "warn", adminEmail: "ada@example.com" });
});

test("settings() takes one schema for all, with a rule over several", () => {
  const Range = z
    .object({ TRY_MIN: z.int().default(1), TRY_MAX: z.int() })
    .refine(({ TRY_MIN, TRY_MAX }) => TRY_MIN <= TRY_MAX, { error: "the minimum is above the maximum" });
  process.env.TRY_MAX = "5";
  assert.deepEqual({ ...settings(Range) }, { TRY_MIN: 1, TRY_MAX: 5 });
  process.env.TRY_MIN = "6";
  assert.match(refusal(() => settings(Range)).message, /all together: the minimum is above the maximum/);
});

test("settings() reads a file, by path or URL; the environment wins, and a file that is not there says nothing", () => {
  writeFileSync(file, 'TRY_PORT=1\nexport TRY_NAME="in the file" # a comment\n');
  process.env.TRY_PORT = "2";
  const declared = { TRY_PORT: z.int(), TRY_NAME: z.string() };
  assert.deepEqual({ ...settings(declared, { file }) }, { TRY_PORT: 2, TRY_NAME: "in the file" });
  assert.equal(settings(declared, { file: pathToFileURL(file) }).TRY_NAME, "in the file");
  assert.equal(settings({ TRY_PORT: z.int() }, { file: join(folder, "no.env") }).TRY_PORT, 2);
  const { code, message } = refusal(() => settings(declared, { file: folder }));
  assert.equal(code, "OFFLOOP_SETTINGS_INVALID");
  assert.match(message, /Cannot read the settings of .*: it is a folder/);
});

test("settings() fills in no variable that a file names", () => {
  process.env.TRY_NAME = "ada";
  const url = `pg://$${"{TRY_NAME}"}@db`;
  writeFileSync(file, `TRY_URL="${url}"\nTRY_PLAIN=$TRY_NAME\n`);
  const read = settings({ TRY_URL: z.string(), TRY_PLAIN: z.string() }, { file });
  assert.deepEqual({ ...read }, { TRY_URL: url, TRY_PLAIN: "$TRY_NAME" });
});

for (const [library, declared] of Object.entries({
  zod: {
    TRY_URL: z.url().optional(),
    TRY_PORT: z.int().default(80),
    TRY_NAME: z.string().optional(),
    TRY_KEYS: z.record(z.string(), z.int()).optional(),
    TRY_AT: param(z.url().optional(), { alias: "TRY_ALIAS" }),
  },
  "zod, all in one": z.object({
    TRY_URL: z.url().optional(),
    TRY_PORT: z.int().default(80),
    TRY_NAME: z.string().optional(),
    TRY_KEYS: z.record(z.string(), z.int()).optional(),
  }),
  "valibot, all in one": toStandardJsonSchema(
    v.object({
      TRY_URL: v.optional(v.pipe(v.string(), v.url())),
      TRY_PORT: v.optional(v.number(), 80),
      TRY_NAME: v.optional(v.string()),
      TRY_KEYS: v.optional(v.record(v.string(), v.number())),
    }),
  ),
  "arktype, all in one": type({
    "TRY_URL?": "string.url",
    TRY_PORT: "number = 80",
    "TRY_NAME?": "string",
    "TRY_KEYS?": "object",
  }),
}))
  test(`settings() ignores a variable that is set to nothing if its schema takes no empty text [${library}]`, () => {
    writeFileSync(
      file,
      "TRY_URL=https://example.com\nTRY_PORT=8080\nTRY_NAME=ada\nTRY_ALIAS=https://example.com\n",
    );
    Object.assign(process.env, { TRY_URL: "", TRY_PORT: "", TRY_NAME: "", TRY_KEYS: "", TRY_ALIAS: "" });
    const { TRY_URL, TRY_PORT, TRY_NAME, TRY_KEYS, TRY_AT } = settings(declared as z.ZodType, {
      file,
    }) as Record<string, unknown>;
    assert.deepEqual(
      [TRY_URL, TRY_PORT, TRY_NAME, TRY_KEYS, TRY_AT],
      [undefined, 80, "", undefined, undefined],
    );
  });

test("settings() says what is wrong with a needed variable that is set to nothing, and with the others", () => {
  Object.assign(process.env, { TRY_URL: "", TRY_OTHER: "" });
  const url = { TRY_URL: z.url(), TRY_OTHER: z.url().optional() };
  for (const declared of [url, z.object(url)])
    assert.match(refusal(() => settings(declared)).message, /Cannot read the settings: TRY_URL: Invalid URL/);
  const either = z
    .object({ TRY_URL: z.url().optional(), TRY_OTHER: z.url().optional() })
    .refine(({ TRY_URL, TRY_OTHER }) => TRY_URL !== undefined || TRY_OTHER !== undefined, "one is needed");
  assert.match(
    refusal(() => settings(either)).message,
    /Cannot read the settings: all together: one is needed/,
  );
});

test("settings() reports all mistakes at once: names, the file, the caller's line, and how to fix them", () => {
  writeFileSync(file, "TRY_WORKERS=many\n");
  process.env.TRY_PORT = "http";
  const error = refusal(() =>
    settings(
      { TRY_PORT: z.int(), TRY_WORKERS: z.int(), TRY_URL: z.url(), TRY_HOSTS: z.array(z.int()) },
      { file },
    ),
  );
  assert.equal(error.code, "OFFLOOP_SETTINGS_INVALID");
  assert.match(error.message, /TRY_PORT: Invalid input: expected (int|number)/);
  assert.match(error.message, /TRY_WORKERS \(in .*names\.env\): Invalid input/);
  assert.match(error.message, /TRY_URL is missing; TRY_HOSTS is missing/);
  assert.match(String(error.at?.file), /environment\.test\.ts$/);
  assert.match(
    error.fix,
    /^set TRY_URL, TRY_HOSTS in the environment or in .*names\.env; correct TRY_PORT in the environment; correct TRY_WORKERS in .*names\.env$/,
  );
});

test("settings() says that a text is not JSON where an object or a list is expected, and has it corrected", () => {
  const declared = { TRY_KEYS: z.record(z.string(), z.int()) };
  for (const [text, says] of Object.entries({
    "{": "TRY_KEYS is not valid JSON",
    abc: "TRY_KEYS is not valid JSON",
    "": "TRY_KEYS is not valid JSON, it is empty",
    "5": "TRY_KEYS: Invalid input: expected record, received number",
    "[]": "TRY_KEYS: Invalid input: expected record, received array",
  })) {
    process.env.TRY_KEYS = text;
    const { message, fix } = refusal(() => settings(declared));
    assert.ok(message.includes(`Cannot read the settings: ${says}\n`), message);
    assert.equal(fix, "correct TRY_KEYS in the environment");
  }
  process.env.TRY_PORTS = "[1,";
  assert.match(
    refusal(() => settings({ TRY_PORTS: z.array(z.int()) })).message,
    /TRY_PORTS is not valid JSON/,
  );
  process.env.TRY_PORTS = "one";
  assert.match(
    refusal(() => settings({ TRY_PORTS: z.array(z.int()) })).message,
    /TRY_PORTS\.0: Invalid input/,
  );
});

const secret = 'pass"word-4711';
for (const [library, declared] of Object.entries({
  zod: {
    TRY_SECRET: z.string().refine(() => false, { error: ({ input }) => `${String(input)} is refused` }),
  },
  valibot: { TRY_SECRET: v.pipe(v.string(), v.url()) },
  arktype: { TRY_SECRET: type("string.url") },
  "valibot, in a list": { TRY_SECRET: toStandardJsonSchema(v.array(v.pipe(v.string(), v.url()))) },
  "arktype, a number": { TRY_SECRET: type("number < 10") },
})) {
  test(`settings() shows no value in a mistake, whatever the library says of it [${library}]`, () => {
    process.env.TRY_SECRET = library === "arktype, a number" ? "4711" : secret;
    const { message, fix } = refusal(() => settings(declared as { TRY_SECRET: z.ZodType }));
    assert.match(message, /TRY_SECRET.*: Invalid input/);
    assert.doesNotMatch(message + fix, /4711|pass/);
  });
}

const keyed = { "key-of-ada": "x4711", rate: "much" };
const Tagged = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("rates"), of: z.record(z.string(), z.int()), rate: z.int() }),
]);
for (const [library, [schema, text, says]] of Object.entries({
  "zod, a record": [
    z.record(z.string(), z.int()),
    keyed,
    /TRY_KEYS\.\*: Invalid input: expected (int|number), received string; TRY_KEYS\.\*: /,
  ],
  "zod, a record's keys": [z.record(z.string().max(5), z.string()), keyed, /TRY_KEYS\.\*\.\[key\]: /],
  "zod, keys that are declared": [
    z.object({ rate: z.int(), more: z.record(z.string(), z.object({ n: z.int() })) }),
    { rate: "much", more: { "key-of-ada": { n: "x4711" } } },
    /TRY_KEYS\.rate: Invalid .*; TRY_KEYS\.more\.\*\.n: Invalid input: expected (int|number), received string/,
  ],
  "zod, keys of a list of names": [
    z.record(z.enum(["rate", "size"]), z.int()),
    { rate: "x4711", size: 1 },
    /TRY_KEYS\.rate: Invalid input: expected/,
  ],
  "zod, other keys than declared": [
    z.strictObject({ rate: z.string() }),
    keyed,
    /TRY_KEYS\.\*: Extra inputs are not permitted/,
  ],
  "zod, a tagged union": [
    Tagged,
    { kind: "rates", of: { "key-of-ada": "x4711" }, rate: "x4711" },
    /TRY_KEYS\.of\.\*: Invalid input.*; TRY_KEYS\.rate: Invalid input/,
  ],
  "zod, another tag": [Tagged, { kind: "key-of-ada" }, /TRY_KEYS/],
  "zod, a rule that quotes a key": [
    z
      .record(z.string(), z.string())
      .refine(() => false, { error: ({ input }) => Object.keys(input as object).join() }),
    keyed,
    /TRY_KEYS: Invalid input/,
  ],
  "zod, a rule that quotes a part": [
    z.string().refine(() => false, { error: ({ input }) => `${String(input).slice(2, 12).toUpperCase()}!` }),
    keyed,
    /TRY_KEYS: Invalid input/,
  ],
  "zod, a transformation that throws": [
    z.string().transform((value) => JSON.parse(value.slice(1)) as unknown),
    keyed,
    /TRY_KEYS: its schema checks asynchronously, or throws/,
  ],
  "valibot, a transformation that throws": [
    v.pipe(
      v.string(),
      v.transform((value) => JSON.parse(value.slice(1)) as unknown),
    ),
    keyed,
    /TRY_KEYS: its schema threw SyntaxError at .*environment\.test\.ts:\d+:\d+/,
  ],
  "zod, one of a few values": [
    z.enum(["info", "warn"]),
    "INFO",
    /TRY_KEYS: Invalid option: expected one of "info"\|"warn"/,
  ],
  "valibot, a record": [
    toStandardJsonSchema(v.record(v.string(), v.number())),
    keyed,
    /TRY_KEYS\.\*: Invalid input/,
  ],
  "valibot, without a JSON Schema": [
    v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.number())),
    keyed,
    /TRY_KEYS\.\*: Field required/,
  ],
  "valibot, other keys": [
    toStandardJsonSchema(v.strictObject({ rate: v.string() })),
    keyed,
    /TRY_KEYS\.\*: Invalid input/,
  ],
  "arktype, a record": [type({ "[string]": "number" }), keyed, /TRY_KEYS\.\*: Invalid input/],
  "arktype, other keys": [type({ rate: "string", "+": "reject" }), keyed, /TRY_KEYS\.\*: Invalid input/],
} satisfies Record<string, [StandardSchemaV1, unknown, RegExp]>)) {
  test(`settings() shows no key of a value that its schema does not declare [${library}]`, () => {
    process.env.TRY_KEYS = typeof text === "string" ? text : JSON.stringify(text);
    const { message, fix } = refusal(() => settings({ TRY_KEYS: schema as StandardSchemaV1 }));
    assert.match(message, says);
    assert.doesNotMatch(message + fix, /4711|key-of|ada|much/i);
  });
}

test("settings() shows no value where one schema sees all and says of one variable what another holds", () => {
  Object.assign(process.env, { TRY_SECRET: secret, TRY_PORT: "1" });
  for (const path of [["TRY_PORT"], ["TRY_NONE"], [], [secret]]) {
    const All = z
      .object({ TRY_SECRET: z.string(), TRY_PORT: z.int(), TRY_NONE: z.string().optional() })
      .refine(() => false, { error: ({ input }) => (input as { TRY_SECRET: string }).TRY_SECRET, path });
    const { message, fix } = refusal(() => settings(All));
    assert.match(message, /: Invalid input/);
    assert.doesNotMatch(message + fix, /4711|pass/);
  }
});

test("settings() keeps a message that has a short value only by chance", () => {
  process.env.TRY_PORT = "1";
  const { message } = refusal(() => settings({ TRY_PORT: z.int().min(1024) }));
  assert.match(message, /TRY_PORT: Too small: expected number to be >=1024/);
});

test("settings() refuses anything but a schema, a schema that must be awaited, and options that do not exist", () => {
  process.env.TRY_NAME = "ada";
  const awaited = z.string().refine(async () => true);
  assert.equal(refusal(() => settings({ TRY_NAME: awaited })).code, "OFFLOOP_SCHEMA_INVALID");
  assert.equal(refusal(() => settings({ TRY_NAME: String } as never)).code, "OFFLOOP_SCHEMA_INVALID");
  assert.equal(refusal(() => settings(undefined as never)).code, "OFFLOOP_SCHEMA_INVALID");
  assert.equal(refusal(() => settings({}, { path: ".env" } as never)).code, "OFFLOOP_OPTION_UNKNOWN");
});

test("settings() returns values that cannot be assigned, keep what was read, and are not printed", () => {
  process.env.TRY_NAME = "secret";
  const env = settings({ TRY_NAME: z.string() });
  process.env.TRY_NAME = "changed";
  assert.equal(env.TRY_NAME, "secret");
  assert.throws(() => Object.assign(env, { TRY_NAME: "other" }), TypeError);
  assert.equal(JSON.stringify(env), '{"TRY_NAME":"secret"}');
});

test("override() refuses names that the settings do not have, and values that threads cannot have", () => {
  const env = settings({ TRY_NAME: z.string().default("ada") });
  assert.equal(refusal(() => override(env, { TRY_NAMES: "x" } as never)).code, "OFFLOOP_OPTION_UNKNOWN");
  assert.equal(
    refusal(() => override(env, { TRY_NAME: (() => "x") as never })).code,
    "OFFLOOP_NOT_CLONEABLE",
  );
});

test("settings: a file that is no path is refused, as a number would name an open file", () => {
  assert.throws(() => settings({}, { file: 5 as never }), {
    code: "OFFLOOP_OPTION_INVALID",
    message: /expected file to be a path or a URL, got 5\n {2}at .*environment\.test\.ts:/,
  });
});
