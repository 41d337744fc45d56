import * as fc from "fast-check";
import type { Plan } from "./exchange.ts";
import { type Declared, valueFor } from "./random-schemas.ts";
import type { Field, SchemaTree } from "./schema-tree.ts";

/** One random request, in pieces, so that it can be shrunk and shown. */
export interface RandomRequest {
  readonly lane: Lane;
  readonly method: string;
  /** The path after the lane. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly framing: Framing;
}

export type Lane = (typeof laneNames)[number];
export const laneNames = ["async", "plain", "moved"] as const;

/** How a body is announced: whole by its length or in chunks, or falsely. */
export type Framing = (typeof framings)[number];
const honest = ["length", "chunks"] as const;
const framings = [
  "length",
  "chunks",
  "short length",
  "long length",
  "both",
  "no length",
  "two lengths",
  "broken chunk",
  "endless chunk",
  "trailers",
] as const;

/** What is sent with a body or in its place. */
interface Content {
  readonly type: string | undefined;
  readonly body: Buffer;
  readonly query: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly parameter: string;
}

const noContent: Content = { type: undefined, body: Buffer.alloc(0), query: "", headers: [], parameter: "1" };

const BOUNDARY = "----b";

const oddText = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom(
    "%",
    "%zz",
    "%00",
    "%e2%82",
    "+",
    "&",
    "=",
    "a=b",
    ";",
    "\\",
    '"',
    "é",
    "%F0%9F",
    "1".repeat(300),
  ),
);
const textOf = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");

function pairsOf(value: unknown): [string, string][] {
  return Object.entries(value as Record<string, unknown>).flatMap(([name, given]): [string, string][] =>
    Array.isArray(given) ? given.map((one) => [name, textOf(one)]) : [[name, textOf(given)]],
  );
}

const encoded = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");

/** A lone surrogate cannot be written in a URL. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** HTTP refuses invisible characters; now and then one is sent all the same. */
const visible = (text: string): string => text.replace(/[^\x20-\x7e\x80-\xff]/g, "?");

function multipart(pairs: readonly (readonly [string, string])[], fileName: string | undefined): Buffer {
  const parts = pairs.map(([name, value]) => {
    const file = fileName === undefined ? "" : `; filename="${fileName}"\r\nContent-Type: text/plain`;
    return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n${value}\r\n`;
  });
  return Buffer.from(`${parts.join("")}--${BOUNDARY}--\r\n`);
}

const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;
const URLENCODED = "application/x-www-form-urlencoded";

/** A value in the place where an operation looks for it. */
function contentOf(input: Declared["input"], value: unknown): fc.Arbitrary<Content> {
  if (input === "body")
    return fc.constant({
      ...noContent,
      type: "application/json",
      body: Buffer.from(JSON.stringify(value) ?? ""),
    });
  const pairs = pairsOf(value);
  if (input === "query") return fc.constant({ ...noContent, query: encoded(pairs) });
  if (input === "params") return fc.constant({ ...noContent, parameter: encode(pairs[0]?.[1] ?? "") });
  if (input === "headers")
    return fc.constant({
      ...noContent,
      headers: pairs.map(([name, text]) => [wireName(name), visible(text)]),
    });
  if (input === "cookies")
    return fc.constant({
      ...noContent,
      headers: [["Cookie", visible(pairs.map(([name, text]) => `${name}=${text}`).join("; "))]],
    });
  return fc.oneof(
    fc.constant({ ...noContent, type: URLENCODED, body: Buffer.from(encoded(pairs)) }),
    fc
      .option(fc.constantFrom("a.txt", "", "../x", 'q"'), { nil: undefined })
      .map((file) => ({ ...noContent, type: MULTIPART, body: multipart(pairs, file) })),
  );
}

const wireName = (name: string): string => name.replaceAll("_", "-").replace(/[^\w-]/g, "x");

/** A body of any media type, about which nothing is known. */
const anyContent: fc.Arbitrary<Content> = fc
  .oneof(
    fc.json({ maxDepth: 4 }).map((text) => ({ type: "application/json", text })),
    fc
      .array(fc.tuple(oddText, oddText), { maxLength: 6 })
      .map((pairs) => ({ type: URLENCODED, text: encoded(pairs) })),
    fc
      .array(fc.tuple(fc.constantFrom("upload", "more", "a"), fc.string({ maxLength: 30 })), { maxLength: 5 })
      .map((pairs) => ({ type: MULTIPART, text: multipart(pairs, "f.bin").toString() })),
    fc
      .string({ unit: "binary", maxLength: 60 })
      .map((text) => ({ type: "text/plain; charset=utf-16", text })),
    fc.string({ unit: "binary", maxLength: 60 }).map((text) => ({ type: "application/octet-stream", text })),
    fc.record({
      type: fc.constantFrom("a/b", "json", "", "multipart/form-data", "application/json;", "*/*"),
      text: fc.string(),
    }),
  )
  .map(({ type, text }) => ({ ...noContent, type, body: Buffer.from(text) }));

/** A change to the bytes of a body. Positions are fractions of its length. */
interface Change {
  readonly kind: "cut" | "repeat" | "swap" | "flip" | "insert" | "multiply";
  readonly from: number;
  readonly to: number;
  readonly what: string;
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("cut", "repeat", "swap", "flip", "insert", "multiply"),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true }),
  what: fc.constantFrom(
    `\r\n--${BOUNDARY}\r\n`,
    `--${BOUNDARY}--`,
    '"__proto__":{"a":1},',
    "[[[[",
    "}",
    "\u0000",
    "&a=1",
    "1e999",
    "\ud83d",
    "\r\n\r\n",
    "\xff\xfe",
    '"',
    "\\u0000",
  ),
});

function changed(body: Buffer, changes: readonly Change[]): Buffer {
  return changes.reduce((bytes, { kind, from, to, what }) => {
    const [start = 0, end = 0] = [from, to]
      .map((part) => Math.floor(part * bytes.length))
      .sort((a, b) => a - b);
    const [before, middle, after] = [
      bytes.subarray(0, start),
      bytes.subarray(start, end),
      bytes.subarray(end),
    ];
    if (kind === "cut") return Buffer.concat([before, after]);
    if (kind === "repeat") return Buffer.concat([before, middle, middle, after]);
    if (kind === "swap") return Buffer.concat([before, after, middle]);
    if (kind === "insert") return Buffer.concat([before, Buffer.from(what), middle, after]);
    if (kind === "multiply") return Buffer.concat([before, multiplied(middle), after]);
    return Buffer.concat([before, middle.map((byte) => byte ^ 1), after]);
  }, body);
}

/** Large enough to reach some limit of the server, and now and then to exceed it. */
const MULTIPLIED_BYTES = 1_100_000;
const MAX_TIMES = 60_000;

function multiplied(bytes: Buffer): Buffer {
  const times = Math.min(MAX_TIMES, Math.floor(MULTIPLIED_BYTES / Math.max(1, bytes.length)));
  return Buffer.concat(Array.from({ length: times }, () => bytes));
}

const oddHeader: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      "Host",
      "Cookie",
      "Accept",
      "Authorization",
      "X-Token",
      "Content-Type",
      "Connection",
      "Expect",
      "Range",
      "If-Match",
      "Transfer-Encoding",
      "Upgrade",
      "Origin",
      "__proto__",
      "X-Forwarded-For",
    ),
    fc.oneof(
      fc.string({ maxLength: 12 }).map(visible),
      fc.constantFrom(
        "",
        "close",
        "keep-alive",
        "100-continue",
        "gzip",
        "chunked",
        "websocket",
        "bytes=0-",
        "*",
        "Bearer",
        "x".repeat(9_000),
        'a="\\073',
        "\u0080",
        "1, 1",
      ),
    ),
  ),
  fc.constantFrom(
    ["X Y", "1"] as const,
    ["", "1"] as const,
    ["X", "a\u0000b"] as const,
    ["X", "a\nb"] as const,
    ["X-Huge", "x".repeat(20_000)] as const,
  ),
);

const fixedPaths = [
  "/upload",
  "/any",
  "/keys",
  "/later",
  "/fails",
  "/refused",
  "/throws",
  "/events",
  "/waits",
  "/nowhere",
];

/** A request to an operation of one of the schemas, or to one that always exists. */
export function requests(declared: readonly Declared[]): fc.Arbitrary<RandomRequest> {
  const target = fc.oneof(
    { weight: 3, arbitrary: toDeclared(declared) },
    fc.record({ path: fc.constantFrom(...fixedPaths), content: anyContent }),
  );
  return fc
    .record({
      target,
      lane: fc.constantFrom(...laneNames),
      method: fc.oneof(
        { weight: 15, arbitrary: fc.constant("POST") },
        fc.constantFrom("GET", "HEAD", "OPTIONS", "PUT", "BREW"),
      ),
      changes: fc.oneof(
        { weight: 2, arbitrary: fc.constant([]) },
        fc.array(change, { minLength: 1, maxLength: 4 }),
      ),
      odd: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(oddHeader, { maxLength: 3 })),
      framing: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...honest) }, fc.constantFrom(...framings)),
    })
    .map(({ target: { path, content }, lane, method, changes, odd, framing }) => ({
      lane,
      method,
      path: `${path}${content.query === "" ? "" : `?${content.query}`}`,
      headers: [
        ...(content.type === undefined ? [] : [["Content-Type", content.type] as const]),
        ...content.headers,
        ...odd,
      ],
      body: changed(content.body, changes),
      framing,
    }));
}

function toDeclared(declared: readonly Declared[]): fc.Arbitrary<{ path: string; content: Content }> {
  return fc.nat({ max: declared.length - 1 }).chain((index) => {
    const { input, tree } = declared[index] as Declared;
    const content = valueFor(tree as SchemaTree & { fields?: readonly Field[] }).chain((value) =>
      fc.oneof({ weight: 6, arbitrary: contentOf(input, value) }, anyContent),
    );
    return content.map((content) => ({
      path: `/random/${index}${input === "params" ? `/${content.parameter}` : ""}`,
      content,
    }));
  });
}

/** Whether its framing is truthful: such a request has exactly one answer. */
export function isHonest({ framing, headers, method }: RandomRequest): boolean {
  const risky = /^(host|connection|expect|transfer-encoding|upgrade|content-length|x y|x|x-huge|)$/i;
  return (
    (honest as readonly string[]).includes(framing) &&
    method !== "BREW" &&
    !headers.some(([name, value]) => risky.test(name) || /[^\x20-\xff]/.test(value)) &&
    headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0) < 8_000
  );
}

/** The bytes of a request. */
export function bytesOf({ lane, method, path, headers, body, framing }: RandomRequest): Buffer {
  const { announced, sent } = framed(body, framing);
  const lines = [["Host", "a"], ...headers, ...announced].map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} /${lane}${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), ...sent]);
}

function framed(body: Buffer, framing: Framing): { announced: [string, string][]; sent: Buffer[] } {
  const size = body.length;
  const chunked: [string, string] = ["Transfer-Encoding", "chunked"];
  const lengthOf = (length: number): [string, string] => ["Content-Length", `${Math.max(0, length)}`];
  const chunk = [Buffer.from(`${size.toString(16)}\r\n`), body, Buffer.from("\r\n")];
  const chunks = size === 0 ? [] : chunk;
  const end = Buffer.from("0\r\n\r\n");
  switch (framing) {
    case "length":
      return { announced: [lengthOf(size)], sent: [body] };
    case "short length":
      return { announced: [lengthOf(size - 3)], sent: [body] };
    case "long length":
      return { announced: [lengthOf(size + 3)], sent: [body] };
    case "both":
      return { announced: [lengthOf(size), chunked], sent: [...chunks, end] };
    case "two lengths":
      return { announced: [lengthOf(size), lengthOf(size + 1)], sent: [body] };
    case "no length":
      return { announced: [], sent: [body] };
    case "broken chunk":
      return { announced: [chunked], sent: [Buffer.from("zz\r\n"), body, end] };
    case "endless chunk":
      return { announced: [chunked], sent: [...chunks, Buffer.from("ffffff\r\nx")] };
    case "trailers":
      return {
        announced: [chunked, ["Trailer", "X-T"]],
        sent: [...chunks, Buffer.from("0\r\nX-T: 1\r\n\r\n")],
      };
    default:
      return { announced: [chunked], sent: [...chunks, end] };
  }
}

/** How the bytes of a connection travel. */
export interface Travel {
  readonly cuts: readonly number[];
  readonly ending: Plan["ending"];
  readonly leaveMs: number;
}

export const travel: fc.Arbitrary<Travel> = fc.record({
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
  ending: fc.oneof({ weight: 4, arbitrary: fc.constant("wait" as const) }, fc.constantFrom("leave", "reset")),
  leaveMs: fc.nat({ max: 250 }),
});

/**
 * Requests of one connection, sent without a pause. The last announces that it is the last; a connection with a false
 * framing cannot wait for an end.
 */
export function planOf(sent: readonly RandomRequest[], { cuts, ending, leaveMs }: Travel): Plan {
  const last = sent.length - 1;
  const bytes = Buffer.concat(
    sent.map((request, index) =>
      bytesOf(
        index < last ? request : { ...request, headers: [...request.headers, ["Connection", "close"]] },
      ),
    ),
  );
  return {
    bytes,
    cuts: cuts.map((part) => Math.floor(part * bytes.length)),
    ending: ending === "wait" ? endingOf(sent) : ending,
    leaveMs,
    methods: sent.map(({ method }) => method),
  };
}

/** A request with a false framing may never have an answer, and events never end. */
function endingOf(sent: readonly RandomRequest[]): Plan["ending"] {
  if (sent.some(({ path }) => path.startsWith("/events"))) return "leave";
  return sent.every(isHonest) ? "wait" : "half";
}
