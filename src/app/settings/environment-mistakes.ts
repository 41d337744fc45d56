import { describeError } from "../../errors/described-error.ts";
import type { ValidationDetail } from "../../errors/http-error.ts";
import { formatLocation, OffloopError } from "../../errors/offloop-error.ts";
import { stackFrames } from "../../errors/stack-frames.ts";
import { declaredWords, partsOf, quotes } from "../../schema/quoted.ts";
import type { Shape } from "../../schema/shape.ts";
import { jsonMistake, parsed, type Texts, type VariableSource } from "./environment-variables.ts";

/** One variable: its name in the settings, its name in the environment, what it may hold, and how its text is read. */
export interface Variable {
  readonly name: string;
  readonly wireName: string;
  readonly shape: Shape;
  readonly read: (text: string) => unknown;
}

/** Stands for a key that no schema names: it is part of the value. */
const ANY_KEY = "*";

/**
 * What is wrong with the settings, worded so that nothing of a value is shown, the keys of a record included: the next
 * password may be in a variable that nobody has declared as a secret.
 */
export class Mistakes {
  readonly #variables: readonly Variable[];
  readonly #texts: Texts;
  readonly #source: VariableSource;
  readonly #checkedTogether: boolean;
  readonly #said: string[] = [];
  readonly #missing = new Set<string>();
  readonly #wrong = new Set<string>();

  /** @param checkedTogether - Whether one schema sees all values, so that what it says of one may quote any other. */
  constructor(
    variables: readonly Variable[],
    texts: Texts,
    source: VariableSource,
    checkedTogether: boolean,
  ) {
    this.#variables = variables;
    this.#texts = texts;
    this.#source = source;
    this.#checkedTogether = checkedTogether;
  }

  get any(): boolean {
    return this.#said.length > 0;
  }

  add(details: readonly ValidationDetail[]): void {
    const unread = new Set(this.#variables.filter((variable) => this.#addUnread(details, variable)));
    for (const { type, loc, msg } of details) {
      const [name, ...rest] = loc;
      const variable = this.#variable(name);
      if (variable === undefined) this.#say(undefined, `all together: ${this.#shown(msg)}`);
      else if (!unread.has(variable)) this.#addOne(variable, { type, rest, msg });
    }
  }

  /** What a schema says of a text that should have been JSON misses the point. */
  #addUnread(details: readonly ValidationDetail[], variable: Variable): boolean {
    const { wireName, shape } = variable;
    const text = this.#texts.texts[wireName];
    if (text === undefined || !details.some(({ loc }) => loc[0] === variable.name)) return false;
    const why = jsonMistake(text, { anyOf: shape.alternatives }, shape.root);
    if (why === undefined) return false;
    this.#say(variable, `${wireName}${this.#origin(variable)} ${why}`);
    return true;
  }

  #addOne(
    variable: Variable,
    { type, rest, msg }: { type: string; rest: readonly (string | number)[]; msg: string },
  ): void {
    const { wireName, shape } = variable;
    if (type === "missing" && this.#texts.texts[wireName] === undefined) {
      this.#missing.add(wireName);
      this.#said.push(`${wireName} is missing`);
      return;
    }
    const place = [wireName, ...shownPath(rest, shape)].join(".");
    this.#say(variable, `${place}${this.#origin(variable)}: ${this.#shown(msg, variable)}`);
  }

  /** What was thrown may quote any part of the value, cut in any way: only its kind and its place are named. */
  addThrown([name]: readonly string[], thrown: unknown): void {
    const variable = this.#variable(name);
    const where = variable === undefined ? "all together" : `${variable.wireName}${this.#origin(variable)}`;
    const error = describeError(thrown);
    const [frame] = stackFrames(error);
    const place = frame === undefined ? "" : ` at ${formatLocation(frame)}`;
    this.#say(variable, `${where}: its schema threw ${error.type}${place}`);
  }

  error(): OffloopError {
    const { file, at } = this.#source;
    const anywhere = file === undefined ? "in the environment" : `in the environment or in ${String(file)}`;
    const [inFile, inEnvironment] = [true, false].map((filed) =>
      [...this.#wrong].filter((name) => this.#texts.fromFile.has(name) === filed).join(", "),
    );
    const steps = [
      this.#missing.size > 0 ? `set ${[...this.#missing].join(", ")} ${anywhere}` : "",
      inEnvironment ? `correct ${inEnvironment} in the environment` : "",
      inFile ? `correct ${inFile} in ${String(file)}` : "",
    ].filter((step) => step !== "");
    return new OffloopError(
      "OFFLOOP_SETTINGS_INVALID",
      `Cannot read the settings: ${this.#said.join("; ")}`,
      { at, fix: steps.join("; ") || `correct them ${anywhere}` },
    );
  }

  #variable(name: string | number | undefined): Variable | undefined {
    return this.#variables.find((one) => one.name === name);
  }

  #say(variable: Variable | undefined, text: string): void {
    if (variable !== undefined) this.#wrong.add(variable.wireName);
    this.#said.push(text);
  }

  #origin({ wireName }: Variable): string {
    return this.#texts.fromFile.has(wireName) ? ` (in ${String(this.#source.file)})` : "";
  }

  /** A library's message, unless it quotes what it received: such a message is withheld. */
  #shown(message: string, variable?: Variable): string {
    const seen = this.#checkedTogether || variable === undefined ? this.#variables : [variable];
    const isQuoted = seen.some(({ wireName, shape, read }) => {
      const text = this.#texts.texts[wireName];
      const parts = text === undefined ? [] : [text, ...partsOf(read(text)), ...partsOf(parsed(text))];
      return quotes(message, parts, declaredWords(shape));
    });
    return isQuoted ? "Invalid input" : message;
  }
}

/** The keys that the schema declares, and the positions in lists. */
function shownPath(path: readonly (string | number)[], root: Shape): (string | number)[] {
  let shape = root;
  return path.flatMap((key) => {
    const isDeclared = shape.declares(key);
    // The place in a tagged union names the alternative, which is not a step into the value.
    if (!isDeclared && shape.discriminator !== undefined) return [];
    shape = shape.at(key);
    return isDeclared || key === "[key]" ? [key] : [ANY_KEY];
  });
}
