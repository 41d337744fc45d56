import type { InputBounds } from "../app/settings/input-settings.ts";
import type { RawMessage } from "../app/sockets/socket.ts";
import type { MessageSchemas } from "../app/sockets/socket-operation.ts";
import { detailText, ValidationError } from "../errors/http-error.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { withinLimit } from "../schema/details.ts";
import { type CheckedSchema, compileSchema, type Validated, validate } from "../schema/validate.ts";
import { readJson, textOf } from "./body.ts";
import { hasBigints } from "./compile.ts";
import { toJson } from "./encode.ts";
import { checkBody } from "./read.ts";

/** A message as the connection delivers it. */
export interface Frame {
  readonly bytes: Uint8Array;
  /** Whether it is bytes rather than text. */
  readonly isBinary: boolean;
}

/** The websocket that the messages belong to, for errors. */
export interface MessageSource {
  readonly id: string;
  readonly location: SourceLocation;
}

const loc = ["message"];

/** Decodes and validates a websocket's messages, and encodes outgoing ones. The same on the loop and in a thread. */
export class MessageFormat {
  readonly #source: MessageSource;
  readonly #bounds: InputBounds;
  readonly #received: CheckedSchema | undefined;
  readonly #hasBigints: boolean;
  readonly #sent: CheckedSchema | undefined;

  constructor(source: MessageSource, { received, sent }: MessageSchemas, bounds: InputBounds) {
    this.#source = source;
    this.#bounds = bounds;
    this.#received = received && compileSchema(received, bounds);
    this.#hasBigints = received !== undefined && hasBigints(received);
    this.#sent = sent && compileSchema(sent, { ...bounds, strictTypes: false });
  }

  /**
   * Reads a client's message. Returns a promise only where the schema does.
   *
   * @throws {ValidationError} When the message does not fit.
   */
  read(frame: Frame): unknown {
    if (this.#received === undefined) return rawMessage(frame);
    const result = this.#check(this.#received, frame);
    return result instanceof Promise ? result.then((late) => this.#accept(late)) : this.#accept(result);
  }

  /**
   * Encodes a value; undefined sends nothing. Returns a promise only where the schema does.
   *
   * @throws {OffloopError} `OFFLOOP_RESPONSE_INVALID`.
   */
  write(value: unknown): RawMessage | undefined | Promise<RawMessage | undefined> {
    if (value === undefined) return undefined;
    if (this.#sent === undefined) return typeof value === "string" ? value : encoded(value);
    const result = validate(this.#sent, value, value, loc);
    return result instanceof Promise
      ? result.then((late) => encoded(this.#fit(late)))
      : encoded(this.#fit(result));
  }

  #check(checked: CheckedSchema, { bytes, isBinary }: Frame): Validated | Promise<Validated> {
    if (isBinary) return validate(checked, bytes, "(bytes)", loc);
    const rules = { bounds: this.#bounds, hasBigints: this.#hasBigints };
    return checkBody(checked, readJson(bytes, rules, "message"), loc);
  }

  #accept(result: Validated): unknown {
    if (result.details === undefined) return result.value;
    throw new ValidationError(withinLimit(result.details, this.#bounds));
  }

  #fit(result: Validated): unknown {
    if (result.details === undefined) return result.value;
    const shown = result.details.map(detailText).join("; ");
    const { id, location } = this.#source;
    throw new OffloopError(
      "OFFLOOP_RESPONSE_INVALID",
      `Cannot send from ${id}: it does not fit its send schema: ${shown}`,
      { at: location, fix: "send a value that fits the schema, or change the schema" },
    );
  }
}

/** A message without a schema. */
export function rawMessage({ bytes, isBinary }: Frame): RawMessage {
  return isBinary ? bytes : textOf(bytes);
}

function encoded(value: unknown): RawMessage {
  return value instanceof Uint8Array ? value : toJson(value);
}
