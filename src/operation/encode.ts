import { types } from "node:util";
import { isBodyless } from "../app/bodyless-status.ts";
import { Reply } from "../app/reply.ts";
import { Events } from "../app/sse.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { type Validated, validate } from "../schema/validate.ts";
import { eventChunks, itemLines, toChunks } from "./chunks.ts";
import type { CompiledOperation } from "./compile.ts";
import type { Exchange } from "./exchange.ts";
import { toJson } from "./json.ts";
import type { HeaderPairs, RawReply } from "./raw.ts";
import { encodeWebResponse } from "./web-response.ts";

const JSON_TYPE = "application/json";

/** What of an operation matters for its reply. */
export type ReplyRules = Pick<CompiledOperation, "response"> & {
  readonly declaration: Pick<CompiledOperation["declaration"], "id" | "status" | "location">;
};

/** The reply for what a handler returned. Gives a promise only when something in it takes time. */
export function encodeReply(
  rules: ReplyRules,
  exchange: Exchange,
  value: unknown,
): RawReply | Promise<RawReply> {
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) !== Object.prototype) {
    if (value instanceof Reply) return encodeHelper(rules, exchange, value);
    if (value instanceof Response) return encodeWebResponse(exchange, value);
    if (types.isGeneratorObject(value)) return encodeItems(rules, exchange, value as Iterable<unknown>);
  }
  if (rules.response === undefined) return jsonReply(rules, exchange, value);
  const checked = checkResponse(rules, value);
  if (checked instanceof Promise) return checked.then((late) => jsonReply(rules, exchange, late));
  return jsonReply(rules, exchange, checked);
}

function jsonReply({ declaration }: ReplyRules, exchange: Exchange, value: unknown): RawReply {
  const status = exchange.chosenStatus ?? declaration.status;
  const headers = exchange.chosenHeaders;
  const background = exchange.addedTasks;
  if (isBodyless(status)) {
    return { status, mediaType: undefined, headers, body: undefined, background, error: undefined };
  }
  return { status, mediaType: JSON_TYPE, headers, body: toJson(value), background, error: undefined };
}

function encodeHelper(rules: ReplyRules, exchange: Exchange, reply: Reply): RawReply {
  const { content, mediaType } = reply;
  const body =
    reply instanceof Events
      ? eventChunks(reply.items, (item) => checkResponse(rules, item))
      : typeof content === "object" && !(content instanceof Uint8Array) && !("file" in content)
        ? toChunks(content)
        : content;
  return {
    status: reply.status ?? exchange.chosenStatus ?? rules.declaration.status,
    mediaType,
    headers: [...(exchange.chosenHeaders ?? []), ...Object.entries(reply.headers)] satisfies HeaderPairs,
    body,
    background: exchange.addedTasks,
    error: undefined,
  };
}

/** nginx would keep back what is sent until it fills a buffer. */
const unbuffered: HeaderPairs = [["x-accel-buffering", "no"]];

/** A generator that a handler is or returns: JSON lines, each item checked as a whole response would be. */
function encodeItems(rules: ReplyRules, exchange: Exchange, items: Iterable<unknown>): RawReply {
  return {
    status: exchange.chosenStatus ?? rules.declaration.status,
    mediaType: "application/jsonl",
    headers: [...unbuffered, ...(exchange.chosenHeaders ?? [])],
    body: itemLines(items, (item) => checkResponse(rules, item)),
    background: exchange.addedTasks,
    error: undefined,
  };
}

function checkResponse({ response, declaration }: ReplyRules, value: unknown): unknown {
  if (response === undefined) return value;
  const checked = validate(response, value, value, ["response"]);
  const accept = (result: Validated): unknown => {
    if (result.details === undefined) return result.value;
    const shown = result.details.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("; ");
    throw new OffloopError(
      "OFFLOOP_RESPONSE_INVALID",
      `Cannot answer ${declaration.id}: what it returned does not fit its response schema: ${shown}`,
      {
        at: declaration.location,
        fix: "return what the schema says, or change the schema",
      },
    );
  };
  return checked instanceof Promise ? checked.then(accept) : accept(checked);
}
