import { Console } from "node:console";
import { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { formatWithOptions } from "node:util";
import type { logLevels } from "../log.ts";

/** A line that was written past the log. */
export interface OutputLine {
  readonly level: (typeof logLevels)[number];
  /** What it carries in addition to its message. */
  readonly fields: object;
  readonly message: string;
}

/** Takes lines. While it writes one, its own output goes where it would have gone otherwise. */
class Sink {
  readonly #write: (line: OutputLine) => void;
  #isWriting = false;

  constructor(write: (line: OutputLine) => void) {
    this.#write = write;
  }

  get isWriting(): boolean {
    return this.#isWriting;
  }

  readonly write = (line: OutputLine): void => {
    this.#isWriting = true;
    try {
      this.#write(line);
    } finally {
      this.#isWriting = false;
    }
  };
}

type StreamName = "stdout" | "stderr";

/**
 * Turns everything written to stdout and stderr into lines of a log, whether by `console`, by a warning of Node's or
 * directly. Lines that are JSON already go out unchanged. Returns the function that ends this.
 *
 * @param write - Receives the lines.
 */
export function captureOutput(write: (line: OutputLine) => void): () => void {
  const sink = new Sink(write);
  const ends = [captureConsole(sink), captureWarnings(sink)];
  for (const name of ["stdout", "stderr"] as const) ends.push(captureStream(name, sink));
  return () => {
    for (const end of ends) end();
  };
}

/** The other methods that write to stderr are errors for Node, too: `trace` and `assert`. */
const levels: Readonly<Record<string, OutputLine["level"]>> = {
  debug: "debug",
  trace: "debug",
  warn: "warn",
  error: "error",
  assert: "error",
};

/** Each call becomes one line, however many lines its text has. */
function captureConsole(sink: Sink): () => void {
  const before: Record<string, unknown> = { ...console };
  const methods: Record<string, (...args: unknown[]) => void> = {};
  let level: OutputLine["level"] = "info";
  let fields: object = {};
  const linesTo = (stream: StreamName): Writable =>
    new Writable({
      decodeStrings: false,
      write: (text: string, _encoding, done) => {
        const message = text.replace(/\n$/, "");
        if (!message.includes("\n") && isJson(message)) process[stream].write(text);
        else sink.write({ level, fields, message });
        done();
      },
    });
  const own = new Console({ stdout: linesTo("stdout"), stderr: linesTo("stderr"), colorMode: false });
  for (const [name, method] of Object.entries(own)) {
    if (typeof method !== "function") continue;
    methods[name] = (...args: unknown[]) => {
      if (sink.isWriting) return void (before[name] as typeof method).apply(console, args);
      const outer = { level, fields };
      const error = args.find((arg) => arg instanceof Error);
      level = levels[name] ?? "info";
      fields = error === undefined ? {} : { err: error };
      try {
        method.apply(own, error === undefined ? args : withoutStacks(name, args));
      } finally {
        ({ level, fields } = outer);
      }
    };
  }
  Object.assign(console, methods);
  return () => void Object.assign(console, before);
}

/** How many arguments come before those that the methods make a text of. */
const leading: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    ["log", "info", "debug", "warn", "error", "trace", "group", "groupCollapsed"].map((name) => [name, 0]),
  ),
  assert: 1, // the condition
  timeLog: 1, // the label
};

/** The arguments with their text already made, in which errors are only named. Of other methods, as they are. */
function withoutStacks(method: string, args: readonly unknown[]): readonly unknown[] {
  const first = leading[method];
  if (first === undefined || args.length <= first) return args;
  return [...args.slice(0, first), formatWithOptions({}, ...args.slice(first).map(said))];
}

/** An error becomes a field of its line, with its stack; the text names it. */
function said(argument: unknown): unknown {
  return argument instanceof Error ? `${argument.name}: ${argument.message}` : argument;
}

const MAX_PARTIAL = 65_536;

/** Captures what is written to a stream past `console`: by a library, or by a worker of the user's own. */
function captureStream(name: StreamName, sink: Sink): () => void {
  const stream = process[name];
  const before = stream.write;
  const level = name === "stdout" ? "info" : "warn";
  const decoder = new StringDecoder("utf8"); // a write may end in the middle of a character
  let partial = "";
  const take = (line: string): void => {
    if (isJson(line)) before.call(stream, `${line}\n`);
    else if (line.trim() !== "") sink.write({ level, fields: { stream: name }, message: line });
  };
  const flush = (): void => {
    const rest = partial;
    partial = "";
    take(rest);
  };
  const add = (text: string): void => {
    partial += text;
    if (text.includes("\n")) {
      const lines = partial.split("\n");
      partial = lines.pop() as string;
      for (const line of lines) take(line.replace(/\r$/, ""));
    }
    if (partial.length > MAX_PARTIAL) flush();
  };
  stream.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    if (sink.isWriting) return Reflect.apply(before, stream, [chunk, ...rest]) as boolean;
    add(decoder.write(bytesOf(chunk as string | Uint8Array, rest[0])));
    const done = rest.find((argument) => typeof argument === "function") as (() => void) | undefined;
    if (done !== undefined) process.nextTick(done);
    return true;
  };
  process.once("exit", flush);
  return () => {
    process.off("exit", flush);
    flush();
    stream.write = before;
  };
}

/** @param encoding - What a string is written in; anything else than a string where the caller named none. */
function bytesOf(chunk: string | Uint8Array, encoding: unknown): Buffer {
  if (typeof chunk !== "string") return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return Buffer.from(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
}

/** Whether it is a line of someone's JSON log. */
function isJson(line: string): boolean {
  if (!line.startsWith("{") || !line.endsWith("}")) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** Node prints warnings through a listener of its own, unless it was told not to: then they are not logged here either. */
function captureWarnings(sink: Sink): () => void {
  const printer = process.listeners("warning").find(({ name }) => name === "onWarning");
  if (printer === undefined) return () => {};
  const silenced = new Set(
    [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(/\s+/)].flatMap(
      (option) => /^--disable-warning=(.+)$/.exec(option)?.[1] ?? [],
    ),
  );
  const onWarning = (warning: Error & { readonly code?: string; readonly detail?: string }): void => {
    const { name, code, message, detail, stack } = warning;
    if (silenced.has(name) || (code !== undefined && silenced.has(code))) return;
    if (name === "DeprecationWarning" && process.noDeprecation === true) return;
    const about = { ...(code !== undefined && { code }), ...(detail !== undefined && { detail }) };
    sink.write({ level: "warn", fields: { warning: name, ...about, stack }, message: `${name}: ${message}` });
  };
  process.off("warning", printer);
  process.on("warning", onWarning);
  return () => {
    process.off("warning", onWarning);
    process.on("warning", printer);
  };
}
