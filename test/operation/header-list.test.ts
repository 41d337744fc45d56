import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { HeaderList } from "../../src/operation/header-list.ts";

const name = fc.oneof(
  fc.constantFrom("x-a", "X-A", "x-b", "Set-Cookie", "set-cookie", "cookie", "Vary", "content-type", "a"),
  fc.string({ maxLength: 4 }),
);
const value = fc.oneof(
  fc.constantFrom(
    "1",
    "",
    " 2 ",
    "\t3\r\n",
    "a=1; Path=/",
    "\xe9",
    "€",
    "a\nb",
    "a\0",
    "\xa0 x \xa0",
    "\x01",
  ),
  fc.string({ maxLength: 6, unit: "binary" }),
);
const changes = fc.array(
  fc.record({ does: fc.constantFrom("append", "append", "set", "delete", "get", "has"), name, value }),
  { maxLength: 20 },
);

/** What a call gives, or that it throws a TypeError. */
function outcome(headers: Headers, { does, name, value }: { does: string; name: string; value: string }) {
  try {
    return (headers as never as Record<string, (...args: string[]) => unknown>)[does]?.(name, value);
  } catch (error) {
    assert.ok(error instanceof TypeError, String(error));
    return "throws";
  }
}

/** All that can be read of headers. */
function read(headers: Headers): unknown[] {
  const each: unknown[] = [];
  headers.forEach((...[value, key, parent]) => void each.push([key, value, parent === headers]));
  return [
    [...headers],
    [...headers.keys()],
    [...headers.values()],
    [...headers.entries()],
    each,
    headers.getSetCookie(),
  ];
}

test("HeaderList does what the web's Headers do, call by call", () => {
  fc.assert(
    fc.property(changes, (calls) => {
      const [own, web] = [new HeaderList(), new Headers()];
      for (const call of calls) {
        assert.deepEqual(outcome(own, call), outcome(web, call), JSON.stringify(call));
        assert.deepEqual(read(own), read(web));
      }
    }),
    { numRuns: 2_000 },
  );
});

test("HeaderList is taken for Headers: by instanceof, new Headers, Response and inspect", () => {
  const list = new HeaderList();
  list.set("X-One", "1");
  list.append("set-cookie", "a=1");
  list.append("set-cookie", "b=2");
  assert.ok(list instanceof Headers);
  assert.equal(Object.prototype.toString.call(list), "[object Headers]");
  assert.deepEqual([...new Headers(list)], [...list]);
  assert.deepEqual(new Response(null, { headers: list }).headers.getSetCookie(), ["a=1", "b=2"]);
  assert.match(inspect(list), /^Headers \{.*'x-one': '1'/);
  assert.ok(!(new Headers() instanceof HeaderList));
});

test("HeaderList.pairs() keeps the order in which headers were set, but for cookies, and leaves out one", () => {
  const list = new HeaderList();
  for (const [name, value] of [
    ["z", "1"],
    ["set-cookie", "c=1"],
    ["a", "2"],
    ["Z", "3"],
  ] as const)
    list.append(name, value);
  assert.deepEqual(list.pairs("a"), [
    ["z", "1, 3"],
    ["set-cookie", "c=1"],
  ]);
});

test("HeaderList.received() joins repeated headers as Headers does", () => {
  const raw = ["Cookie", "a=1", "X-A", "1", "cookie", "b=2", "x-a", "2", "Host", "h"];
  const web = new Headers();
  for (let at = 0; at < raw.length; at += 2) web.append(raw[at] as string, raw[at + 1] as string);
  assert.deepEqual([...HeaderList.received(raw)], [...web]);
});
