import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import { inputBounds } from "../../src/app/settings/input-settings.ts";
import { resolveSettings } from "../../src/app/settings/settings.ts";
import { describeError } from "../../src/errors/described-error.ts";
import { ValidationError } from "../../src/errors/http-error.ts";
import { stackFrames } from "../../src/errors/stack-frames.ts";
import { countValues, readBody, readForm } from "../../src/operation/body.ts";
import { toJson } from "../../src/operation/encode.ts";
import { errorReply } from "../../src/operation/error-reply.ts";
import { queryOf, quoted, type RawRequest, readCookies, unquoted } from "../../src/operation/raw.ts";
import { inHeaders } from "../../src/operation/read.ts";
import { compileCoercion, parseDate } from "../../src/schema/coerce.ts";
import { echoed } from "../../src/schema/echo.ts";
import { validateInSteps } from "../../src/schema/long-values.ts";
import type { AnySchema } from "../../src/schema/schema.ts";
import { compileSchema, validate } from "../../src/schema/validate.ts";
import { readAuthorization } from "../../src/security/scheme.ts";
import { costsLinear } from "./cost.ts";

// Without the bounds that end work early: what lies below them has to be linear by itself.
const most = {
  maxLoopValues: 100_000_000,
  maxValues: 100_000_000,
  maxNames: 1_000_000,
  maxMistakes: 100_000,
};
const { inputs } = resolveSettings({ inputs: { ...most, maxDepth: 1_000, maxEchoedChars: 1_048_576 } });
const bounds = inputBounds(inputs, "loop");

const times = <T>(size: number, item: (index: number) => T): T[] =>
  Array.from({ length: size }, (_, n) => item(n));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const request = (parts: Partial<RawRequest>): RawRequest =>
  ({
    headers: ["content-type", "application/json"],
    body: undefined,
    parts: undefined,
    ...parts,
  }) as RawRequest;

// Readers
const jsonTexts: Record<string, (size: number) => string> = {
  "a list of numbers": (size) => `[${"1,".repeat(size)}1]`,
  "empty lists": (size) => `[${"[],".repeat(size)}[]]`,
  "many keys": (size) => JSON.stringify(Object.fromEntries(times(size, (n) => [`key${n}`, n]))),
  "quotes and backslashes": (size) => JSON.stringify('\\"'.repeat(size)),
  "long integers": (size) => `[${"12345678901234567890,".repeat(size)}1]`,
  "names of prototypes in texts": (size) => JSON.stringify('"__proto__":'.repeat(size)),
};
for (const [name, json] of Object.entries(jsonTexts)) {
  costsLinear(`countValues() of ${name}`, {
    size: 5_000,
    prepare: (size) => {
      const text = bytes(json(size));
      return () => countValues(text, bounds);
    },
  });
  costsLinear(`readBody() of ${name}`, {
    size: 5_000,
    prepare: (size) => {
      const sent = request({ body: bytes(json(size)) });
      return () => readBody(sent, { strictContentType: true, bounds, hasBigints: true });
    },
  });
}
costsLinear("readForm() of an urlencoded body", {
  size: 5_000,
  prepare: (size) => {
    const headers = ["content-type", "application/x-www-form-urlencoded"];
    const sent = request({ headers, body: bytes(times(size, (n) => `k${n % 100}=%41+b`).join("&")) });
    return () => readForm(sent, bounds);
  },
});
costsLinear("queryOf() a URL", {
  size: 5_000,
  prepare: (size) => {
    const url = `/?${times(size, (n) => `k${n}=%e2%82%ac`).join("&")}`;
    return () => queryOf(url);
  },
});
costsLinear("inHeaders.entries()", {
  size: 2_000,
  prepare: (size) => {
    const sent = request({ headers: times(2 * size, (n) => (n % 2 === 0 ? `X-H${n}` : "v")) });
    return () => [...inHeaders.entries(sent)];
  },
});
costsLinear("readCookies()", {
  size: 5_000,
  prepare: (size) => {
    const sent = request({ headers: ["cookie", times(size, (n) => `c${n}="\\073${n}"`).join("; ")] });
    return () => readCookies(sent);
  },
});
for (const [name, header] of [
  ["spaces", (size: number) => `Bearer${" ".repeat(size)}x`],
  ["no-break spaces", (size: number) => `Bearer ${"\u00a0".repeat(size)}x`],
] as const)
  costsLinear(`readAuthorization() of ${name}`, {
    size: 50_000,
    prepare: (size) => {
      const none = new Map<string, string>();
      const sent = { headers: new Map([["authorization", header(size)]]), query: none, cookies: none };
      return () => readAuthorization(sent, "bearer");
    },
  });

// Coercers
const odd: Record<string, (size: number) => string> = {
  "digits and a letter": (size) => `${"1".repeat(size)}x`,
  "digits, a point and a letter": (size) => `1.${"0".repeat(size)}x`,
  "spaces and a letter": (size) => `1${" ".repeat(size)}x`,
  "an exponent": (size) => `${"0".repeat(size)}E`,
  digits: (size) => "7".repeat(size),
};
for (const [kind, schema] of Object.entries({
  int: z.int(),
  number: z.number(),
  bigint: z.bigint(),
  boolean: z.boolean(),
}))
  for (const [name, text] of Object.entries(odd))
    costsLinear(`coercing ${name} to ${kind}`, {
      size: 50_000,
      prepare: (size) => {
        const [coerce, sent] = [compileCoercion(schema), text(size)];
        return () => coerce(sent);
      },
    });
costsLinear("coercing a list of integers", {
  size: 5_000,
  prepare: (size) => {
    const [coerce, sent] = [compileCoercion(z.array(z.int())), times(size, String)];
    return () => coerce(sent);
  },
});
costsLinear("parseDate() of what begins like a date", {
  size: 100_000,
  prepare: (size) => {
    const text = `2026-01-31T10:00:00.${"0".repeat(size)}Z`;
    return () => parseDate(text);
  },
});

// Validation, mending and mistakes
const Pet = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("cat"), lives: z.int() }),
  z.object({ kind: z.literal("dog") }),
]);
type Tree = { readonly left?: Tree | undefined; readonly list?: readonly number[] | undefined };
const Tree: z.ZodType<Tree> = z.lazy(() =>
  z.object({ left: Tree.optional(), list: z.array(z.number()).optional() }),
);
const checked: Record<string, [schema: AnySchema, value: (size: number) => unknown]> = {
  "numbers as text": [z.array(z.number()), (size) => times(size, String)],
  "dates as text": [z.array(z.date()), (size) => times(size, () => "2026-01-31")],
  "what is no date": [z.array(z.date()), (size) => times(size, () => "2026-02-30")],
  "numbers for texts": [z.array(z.string()), (size) => times(size, Number)],
  "objects that lack all": [
    z.array(z.object({ a: z.string(), b: z.int() })),
    (size) => times(size, () => ({})),
  ],
  "a record of texts for numbers": [
    z.record(z.string(), z.int()),
    (size) => Object.fromEntries(times(size, (n) => [`k${n}`, `${n}`])),
  ],
  "sets and maps": [
    z.array(z.object({ set: z.set(z.int()), map: z.map(z.string(), z.int()) })),
    (size) => times(size, () => ({ set: ["1"], map: { a: "1" } })),
  ],
  "one set": [z.set(z.int()), (size) => times(size, String)],
  "unions of which none fits": [z.array(z.union([z.int(), z.boolean()])), (size) => times(size, () => ({}))],
  "unions that can be mended": [z.array(z.union([z.int(), z.date()])), (size) => times(size, String)],
  "tagged unions": [z.array(Pet), (size) => times(size, () => ({ kind: "cat", lives: "x" }))],
  "keys that are not declared": [
    z.strictObject({ a: z.int().optional() }),
    (size) => Object.fromEntries(times(size, (n) => [`k${n}`, n])),
  ],
  "a tuple with a rest": [z.tuple([z.string()]).rest(z.int()), (size) => ["a", ...times(size, String)]],
  "lists in lists": [z.array(z.array(z.int())), (size) => times(size, () => ["1"])],
  "a long list deep down": [
    Tree,
    (size) => times(20, (n) => n).reduce<unknown>((left) => ({ left }), { list: times(size, String) }),
  ],
  "a field of each of an intersection": [
    z.object({ a: z.array(z.int()) }).and(z.object({ b: z.array(z.int()) })),
    (size) => ({ a: times(size, String), b: times(size, String) }),
  ],
  "valibot's numbers for texts": [toStandardJsonSchema(v.array(v.string())), (size) => times(size, Number)],
  "arktype's numbers for texts": [type("string[]"), (size) => times(size, Number)],
};
for (const [name, [schema, make]] of Object.entries(checked)) {
  const size = name.startsWith("arktype") ? 200 : 1_000;
  const compiled = compileSchema(schema, bounds);
  costsLinear(`validate() ${name}`, {
    size,
    prepare: (length) => {
      const value = make(length);
      return () => validate(compiled, value, value, ["body"]);
    },
  });
  costsLinear(`validateInSteps() ${name}`, {
    size,
    prepare: (length) => {
      const value = make(length);
      return () => [...validateInSteps({ checked: compiled, value, loc: ["body"] })];
    },
  });
}

// Writers
const circleFree: Record<string, (size: number) => unknown> = {
  numbers: (size) => times(size, Number),
  bigints: (size) => times(size, BigInt),
  "maps and sets": (size) => times(size, (n) => new Map([[`${n}`, new Set([n])]])),
  "one map": (size) => new Map(times(size, (n) => [`k${n}`, n])),
  bytes: (size) => ({ bytes: new Uint8Array(100 * size) }),
  "objects in objects": (size) => times(size, (n) => ({ a: { b: { c: n } } })),
};
for (const [name, make] of Object.entries(circleFree)) {
  costsLinear(`toJson() of ${name}`, {
    size: 3_000,
    prepare: (size) => {
      const value = make(size);
      return () => toJson(value);
    },
  });
  costsLinear(`echoed() of ${name}`, {
    size: 3_000,
    prepare: (size) => {
      const value = make(size);
      return () => echoed(value, 1_048_576, undefined);
    },
  });
}
costsLinear("quoted() and unquoted() of a cookie", {
  size: 5_000,
  prepare: (size) => {
    const value = ';"\\'.repeat(size);
    return () => unquoted(quoted(value));
  },
});
costsLinear("errorReply() of mistakes", {
  size: 3_000,
  prepare: (size) => {
    const details = times(size, (n) => ({ type: "int", loc: ["body", n], msg: "no", input: { n } }));
    return () => errorReply(new ValidationError(details));
  },
});
costsLinear("describeError() and stackFrames() of a long message", {
  size: 5_000,
  prepare: (size) => {
    const error = Object.assign(new Error("\n  at  :0:0 (".repeat(size)), { code: "OFFLOOP_X" });
    return () => stackFrames(describeError(error));
  },
});
