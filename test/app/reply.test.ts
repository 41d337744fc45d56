import assert from "node:assert/strict";
import { test } from "node:test";
import { event, file, html, redirect, sse, stream, text } from "offloop";

const helpers = { text, html, file, stream } as Readonly<
  Record<string, (content: string, options: object) => unknown>
>;

test("every helper refuses a status that is not final", () => {
  for (const [name, helper] of Object.entries(helpers))
    for (const status of [100, 101, 199, 600, 0, -1, 200.5, Number.NaN, "200"])
      assert.throws(
        () => helper("a", { status }),
        { code: "OFFLOOP_REPLY_INVALID", message: /a status from 200 to 599, got/ },
        name,
      );
  for (const status of [200, 404, 599]) assert.ok(text("a", { status }));
});

test("every helper refuses a header that HTTP does not allow", () => {
  for (const [name, helper] of Object.entries(helpers)) {
    for (const headers of [
      { "x a": "a" },
      { "": "a" },
      { "x-a": "a\nb" },
      { "x-a": "a\0" },
      { "x-a": "\u0142" },
    ])
      assert.throws(
        () => helper("a", { headers }),
        { code: "OFFLOOP_REPLY_INVALID", message: /header/ },
        name,
      );
    for (const headers of [
      { "x-a": undefined },
      { "x-a": ["b"] },
      new Headers(),
      [["x-a", "b"]],
      "x-a: b",
      null,
    ])
      assert.throws(() => helper("a", { headers }), { code: "OFFLOOP_REPLY_INVALID" }, name);
    assert.ok(helper("a", { headers: { "x-a": "caf\xe9\tok", "retry-after": 60 } }));
  }
  assert.throws(() => stream(["a"], { mediaType: "text/plain\r\n" }), { code: "OFFLOOP_REPLY_INVALID" });
  assert.ok(sse([1]));
});

test("every helper refuses content that could not be sent, which an any may bring", () => {
  const wrong: readonly (readonly [() => unknown, RegExp])[] = [
    [() => html(5 as never), /expected text, got 5/],
    [() => html(undefined as never), /expected text, got undefined/],
    [() => text(null as never), /expected text, got null/],
    [
      () => file(new URL("file:///a") as never),
      /expected the path of a file, got an instance of URL\n.*\n.*fileURLToPath/,
    ],
    [() => stream({ a: 1 } as never), /got \{"a":1\}/],
    [() => stream(7 as never), /got 7/],
    [() => stream(undefined as never), /got undefined/],
    [() => sse({} as never), /expected an iterable of events, got \{\}/],
  ];
  for (const [make, message] of wrong) assert.throws(make, { code: "OFFLOOP_REPLY_INVALID", message });
  assert.ok(stream(new Blob(["a"]).stream()));
  assert.ok(sse(new Set([1])));
});

test("file() takes any text for the name to save it under, as clients send it", () => {
  assert.equal(
    file("a", { filename: "\ud800.txt" }).headers["content-disposition"],
    "attachment; filename*=utf-8''%EF%BF%BD.txt",
  );
});

/** What Starlette 1.0's RedirectResponse sends, by its `quote(url, safe=":/%#?=@[]!$&'()*+,;")`. */
const redirects: Readonly<Record<string, string>> = {
  "/login?next=%2Fhome": "/login?next=%2Fhome",
  "/a b": "/a%20b",
  "/é": "/%C3%A9",
  "/100%": "/100%",
  "/%zz": "/%zz",
  "https://example.com/a?b=c&d=[1]#e": "https://example.com/a?b=c&d=[1]#e",
  '/a"<>\\^`{|}': "/a%22%3C%3E%5C%5E%60%7B%7C%7D",
  "/~user/-_.!$&'()*+,;=:@": "/~user/-_.!$&'()*+,;=:@",
  "/a\r\nSet-Cookie: b": "/a%0D%0ASet-Cookie:%20b",
};

test("redirect() escapes what Starlette does, and nothing twice", () => {
  for (const [location, sent] of Object.entries(redirects))
    assert.equal(redirect(location).headers.location, sent, location);
  assert.equal(redirect("/\ud800").headers.location, "/%EF%BF%BD"); // Python has no such text
});

test("event() refuses a retry that browsers ignore, and data beside text, of which one would be lost", () => {
  for (const retry of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "1" as never])
    assert.throws(() => event({ retry }), { message: /^Cannot make an event: expected retry as whole/ });
  assert.throws(() => event({ data: 1, text: "one" }), {
    message: /^Cannot make an event: expected data or text, got both\n/,
  });
  assert.throws(() => event({ evnt: "a" } as never), {
    code: "OFFLOOP_OPTION_UNKNOWN",
    message: /^Cannot make an event: there is no option "evnt"; did you mean "event"\?\n/,
  });
  for (const fine of [{ retry: 0 }, { retry: 2 ** 53 - 1 }, { data: undefined, text: "one" }]) event(fine);
});
