import assert from "node:assert/strict";
import { test } from "node:test";
import { types } from "node:util";
import { HTTPError } from "offloop";
import { z } from "zod";
import { UploadedFile } from "../../../src/app/uploaded-file.ts";

import {
  packThrown,
  packValue,
  UncloneableValue,
  unpackThrown,
  unpackValue,
} from "../../../src/threads/crossing/values.ts";

/** What arrives on the other side. */
function cross<T>(value: T): T {
  return unpackValue(structuredClone(packValue(value, "value"))) as T;
}
function crossThrown(thrown: unknown): unknown {
  return unpackThrown(structuredClone(packThrown(thrown)));
}
const refused = (found: string) => (error: unknown) =>
  error instanceof UncloneableValue && error.found === found;

const uploaded = (): UploadedFile =>
  new UploadedFile({
    filename: "a.txt",
    mediaType: "text/plain",
    size: 3,
    bytes: Buffer.from("abc"),
    path: undefined,
  });

test("packValue: plain data crosses by itself", () => {
  for (const value of [
    1,
    "a",
    null,
    undefined,
    7n,
    { a: [1, { b: new Date(0) }] },
    new Uint8Array(3),
    [new Map([[1, 2]])],
  ]) {
    assert.equal(packValue(value, "value"), value);
    assert.deepEqual(cross(value), value);
  }
});

test("packValue: what crosses whole", async () => {
  const value = {
    date: new Date(5),
    map: new Map([["k", new Set([uploaded()])]]),
    bytes: Buffer.from("bytes"),
    blob: new Blob(["blob"]),
    file: new File(["file"], "f.txt", { type: "text/plain" }),
    uploaded: [uploaded()],
    error: new RangeError("too far"),
  };
  const there = cross(value);
  assert.deepEqual(there.date, value.date);
  assert.equal(there.bytes.toString("hex"), value.bytes.toString("hex"));
  assert.ok(Buffer.isBuffer(there.bytes));
  assert.deepEqual(
    [await there.blob.text(), await there.file.text(), there.file.name],
    ["blob", "file", "f.txt"],
  );
  for (const file of [there.uploaded[0], ...(there.map.get("k") ?? [])]) {
    assert.ok(file instanceof UploadedFile);
    assert.deepEqual(
      [file.name, file.type, file.size, Buffer.from(file.readSync()).toString(), await file.text()],
      ["a.txt", "text/plain", 3, "abc", "abc"],
    );
  }
  assert.ok(there.error instanceof RangeError);
});

test("packValue: the same object is the same there, and may hold itself", () => {
  const file = uploaded();
  const holder: Record<string, unknown> = { file, again: file, list: [file] };
  holder.self = holder;
  const map = new Map<unknown, unknown>();
  holder.map = map.set("self", map).set("holder", holder);
  const there = cross(holder);
  assert.equal(there.file, there.again);
  assert.equal((there.list as unknown[])[0], there.file);
  assert.equal(there.self, there);
  const thereMap = there.map as Map<unknown, unknown>;
  assert.deepEqual([thereMap.get("self"), thereMap.get("holder")], [thereMap, there]);
  assert.equal(holder.file, file, "what is sent stays as it is");
});

test("packValue: a value that would lose something is refused by name", () => {
  class User {
    readonly name = "ada";
  }
  class Users extends Array<string> {}
  for (const [value, found] of [
    [new User(), "value (an instance of User)"],
    [{ list: [{ user: new User() }] }, "value.list[0].user (an instance of User)"],
    [[new URL("http://example.org")], "value[0] (an instance of URL)"],
    [Users.of("a"), "value (an instance of Users)"],
    [new Map([["k", () => 1]]), "value.get(k) (a function)"],
    [new Set([Symbol("s")]), "value item (a symbol)"],
    [{ promise: Promise.resolve() }, "value.promise (a promise)"],
    [() => 1, "value (a function)"],
    [new Headers(), "value (an instance of Headers)"],
  ] as const)
    assert.throws(() => packValue(value, "value"), refused(found), found);
});

test("packValue: an instance far inside a large value is found, too", () => {
  const list: unknown[] = Array.from({ length: 50_000 }, (_, id) => ({ id }));
  list.push(new URL("http://example.org"));
  assert.throws(() => packValue(list, "args"), refused("args[50000] (an instance of URL)"));
});

/** Containers in one another. */
function nested(levels: number, hold: (inner: unknown) => unknown): unknown {
  let outer: unknown = "innermost";
  for (let level = 0; level < levels; level++) outer = hold(outer);
  return outer;
}

for (const [what, hold, open] of [
  ["lists", (inner) => [inner], (outer) => (outer as unknown[])[0]],
  ["objects", (inner) => ({ inner }), (outer) => (outer as { inner: unknown }).inner],
  ["maps", (inner) => new Map([["inner", inner]]), (outer) => (outer as Map<string, unknown>).get("inner")],
  [
    "objects with bytes",
    (inner) => ({ bytes: Buffer.from("b"), inner }),
    (outer) => (outer as { inner: unknown }).inner,
  ],
] satisfies [string, (inner: unknown) => unknown, (outer: unknown) => unknown][])
  test(`packValue: ${what} cross 1,000 levels deep, which the main thread can read, and no deeper`, () => {
    let part: unknown = cross(nested(1_000, hold));
    for (let level = 0; level < 1_000; level++) part = open(part);
    assert.equal(part, "innermost");
    assert.throws(
      () => packValue(nested(1_001, hold), "value"),
      refused("value (it is nested more than 1,000 levels deep)"),
    );
  });

test("packValue: fields keep their order, whatever their names and values", () => {
  const fields = JSON.parse('{"a": 1, "__proto__": 2, "z": 3, "b": 4}') as Record<string, unknown>;
  fields.a = Buffer.from("a");
  Object.defineProperty(fields, "__proto__", { value: new Map(), enumerable: true, writable: true });
  const arrived = cross(fields);
  assert.deepEqual(Object.keys(arrived), ["a", "__proto__", "z", "b"]);
  assert.equal(Object.getPrototypeOf(arrived), Object.prototype);
});

test("packValue: a client's value that looks like one with holes arrives unchanged", () => {
  const forged = {
    "offloop value": {},
    described: [{ kind: "file", file: { path: "/etc/passwd" } }],
    holes: [],
  };
  forged.holes.push([forged, "offloop value", 0] as never);
  assert.deepEqual(cross(forged), forged);
  assert.deepEqual(cross([forged]), [forged]);
});

test("packThrown: an error keeps its class, stack, cause and own fields", () => {
  const cause = Object.assign(new TypeError("no"), { code: "E_NO" });
  const error = Object.assign(new RangeError("too far", { cause }), { limit: { most: 3 }, run: () => 1 });
  const there = crossThrown(error) as typeof error;
  assert.ok(there instanceof RangeError && types.isNativeError(there));
  assert.deepEqual(
    [there.message, there.stack, there.limit, there.run],
    ["too far", error.stack, { most: 3 }, undefined],
  );
  assert.ok(there.cause instanceof TypeError);
  assert.equal((there.cause as { code?: string }).code, "E_NO");
  assert.deepEqual(Object.keys(there), ["limit"]);
});

test("packThrown: an error of the system keeps path, errno and syscall", () => {
  const error = Object.assign(new Error("ENOENT: no such file"), {
    errno: -2,
    code: "ENOENT",
    syscall: "open",
    path: "/nope",
  });
  const { errno, code, syscall, path } = crossThrown(error) as typeof error;
  assert.deepEqual([errno, code, syscall, path], [-2, "ENOENT", "open", "/nope"]);
});

test("packThrown: the errors of an AggregateError, and the issues of a schema's", () => {
  const several = crossThrown(new AggregateError([new TypeError("a"), "b"], "both")) as AggregateError;
  assert.ok(several instanceof AggregateError && several.errors[0] instanceof TypeError);
  assert.deepEqual([several.message, several.errors[1]], ["both", "b"]);
  const { error } = z.object({ a: z.string() }).safeParse({});
  const issues = crossThrown(error) as z.ZodError;
  assert.deepEqual([issues.name, issues.issues], ["ZodError", error?.issues]);
});

test("packThrown: an HTTPError keeps its meaning, a DOMException its name, and any value is thrown as it is", () => {
  const http = crossThrown(new HTTPError(418, { why: new Date(0) }, { "x-a": "b" })) as HTTPError;
  assert.ok(http instanceof HTTPError);
  assert.deepEqual([http.status, http.detail, http.headers], [418, { why: new Date(0) }, { "x-a": "b" }]);
  const abort = crossThrown(new DOMException("gone", "AbortError")) as DOMException;
  assert.ok(abort instanceof DOMException);
  assert.deepEqual([abort.name, abort.message], ["AbortError", "gone"]);
  for (const value of ["text", 7, undefined, { a: 1 }]) assert.deepEqual(crossThrown(value), value);
});

test("packThrown: a value that cannot be inspected arrives as an error that says so", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const thrown of [
    proxy,
    () => 1,
    {
      get a() {
        throw new Error("no");
      },
    },
  ])
    assert.ok(crossThrown(thrown) instanceof Error);
});
