import * as fc from "fast-check";
import { type Field, type Library, leaves, libraries, type SchemaTree } from "./schema-tree.ts";

/** Names that are short, special to HTTP or JavaScript, or unlikely to be chosen by anyone. */
const names = fc.constantFrom(
  "a",
  "b",
  "item_id",
  "x_token",
  "constructor",
  "toString",
  "items",
  "é",
  "n1",
  "kind_of",
);

const leaf: fc.Arbitrary<SchemaTree> = fc.constantFrom(...leaves.map((kind) => ({ kind })));
const choice: fc.Arbitrary<SchemaTree> = fc
  .uniqueArray(fc.constantFrom("red", "green", "1", "true", ""), { minLength: 1, maxLength: 3 })
  .map((values) => ({ kind: "enum", values }));
const scalar: fc.Arbitrary<SchemaTree> = fc.oneof({ weight: 4, arbitrary: leaf }, choice);

const fieldsOf = (of: fc.Arbitrary<SchemaTree>, isOptional = fc.boolean()): fc.Arbitrary<Field[]> =>
  fc.uniqueArray(fc.record({ name: names, of, isOptional }), { selector: ({ name }) => name, maxLength: 4 });

const nested = fc.letrec<{ tree: SchemaTree }>((tie) => {
  const inner = tie("tree");
  const several = fc.array(inner, { minLength: 1, maxLength: 3 });
  return {
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      { weight: 3, arbitrary: scalar },
      fc.record({ kind: fc.constantFrom("list", "record", "set", "map"), of: inner }),
      fc.record({ kind: fc.constantFrom("tuple", "union"), of: several }),
      fc.record({ kind: fc.constant("object"), fields: fieldsOf(inner), isStrict: fc.boolean() }),
      fc.record({
        kind: fc.constant("tagged"),
        of: fc.array(fieldsOf(inner), { minLength: 1, maxLength: 3 }),
      }),
      fc.constant({ kind: "tree" as const }),
    ),
  };
}).tree;

/** The declaration of an operation; its schemas come from one library. */
export interface Declared {
  readonly library: Library;
  readonly input: InputKind;
  /** For a body: anything. For everything else: an object, whose fields can be sent as text. */
  readonly tree: SchemaTree;
  /** Whether an object is declared as one schema, or each of its fields on its own. */
  readonly isModel: boolean;
}

export type InputKind = (typeof inputKinds)[number];
const inputKinds = ["body", "query", "headers", "cookies", "form", "params"] as const;

const sendable: fc.Arbitrary<SchemaTree> = scalar.filter(({ kind }) => kind !== "unknown" && kind !== "null");
const flat: fc.Arbitrary<SchemaTree> = fieldsOf(
  fc.oneof(
    { weight: 3, arbitrary: sendable },
    sendable.map((of): SchemaTree => ({ kind: "list", of })),
  ),
).map((fields) => ({ kind: "object", fields, isStrict: false }));
/** The path has one parameter, which is always present. */
const ofPath: fc.Arbitrary<SchemaTree> = sendable.map((of) => ({
  kind: "object",
  fields: [{ name: "a", of, isOptional: false }],
  isStrict: false,
}));

const library = fc.constantFrom(...libraries);
const declared = (input: InputKind, tree: fc.Arbitrary<SchemaTree>): fc.Arbitrary<Declared> =>
  fc.record({ library, input: fc.constant(input), tree, isModel: fc.boolean() });

/** The schemas of one server. */
export const schemasOfServer: fc.Arbitrary<Declared[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: declared("body", nested) },
    declared("query", flat),
    declared("headers", flat),
    declared("cookies", flat),
    declared("form", flat),
    declared("params", ofPath),
  ),
  { minLength: 24, maxLength: 24 },
);

const textLeaf = fc.constantFrom(
  "",
  "red",
  "1",
  "1.",
  "-0",
  "1e400",
  "true",
  "2026-01-31",
  "2026-02-30T24:00:00Z",
  "a@b.co",
  "\u0000",
  "é😀",
  "__proto__",
);
const numbers = fc.oneof(fc.integer(), fc.double({ noNaN: true }), fc.constantFrom(0, 1, -1, 2 ** 53, 1e308));

/** A value that mostly fits a schema. */
export function valueFor(tree: SchemaTree): fc.Arbitrary<unknown> {
  switch (tree.kind) {
    case "enum":
      return fc.constantFrom(...tree.values);
    case "list":
    case "set":
      return fc.array(nearly(tree.of), { maxLength: 5 });
    case "record":
    case "map":
      return fc.dictionary(fc.oneof(names, fc.string({ maxLength: 3 })), nearly(tree.of), { maxKeys: 4 });
    case "tuple":
      return fc.tuple(...tree.of.map(nearly));
    case "union":
      return fc.oneof(...tree.of.map(nearly));
    case "object":
      return recordFor(tree.fields);
    case "tagged":
      return fc.oneof(
        ...tree.of.map((fields, n) => recordFor(fields).map((record) => ({ ...record, kind: `k${n}` }))),
      );
    case "tree":
      return treeOf(4);
    default:
      return leafValues[tree.kind];
  }
}

function treeOf(depth: number): fc.Arbitrary<unknown> {
  return fc.record({
    items: depth === 0 ? fc.constant([]) : fc.array(treeOf(depth - 1), { maxLength: 2 }),
  });
}

function recordFor(fields: readonly Field[]): fc.Arbitrary<Record<string, unknown>> {
  const values = fields.map(({ name, of }) => [name, nearly(of)] as const);
  const requiredKeys = fields.filter(({ isOptional }) => !isOptional).map(({ name }) => name);
  return fc.record(Object.fromEntries(values), { requiredKeys });
}

const leafValues: Readonly<Record<(typeof leaves)[number], fc.Arbitrary<unknown>>> = {
  string: fc.oneof(fc.string(), textLeaf),
  email: fc.emailAddress(),
  day: fc.constantFrom("2026-01-31", "2026-02-30"),
  short: fc.string({ maxLength: 4 }),
  number: numbers,
  int: fc.oneof(fc.integer(), fc.constantFrom("7", 1.5, 2 ** 60)),
  positive: numbers,
  boolean: fc.oneof(fc.boolean(), fc.constantFrom("true", "off", 0, 1)),
  null: fc.constant(null),
  bigint: fc.oneof(fc.integer(), fc.constantFrom("12345678901234567890", 2 ** 60)),
  date: fc.constantFrom("2026-01-31T10:00:00Z", "2026-01-31", 0, "no date"),
  unknown: fc.jsonValue(),
};

/** Mostly a value that fits; now and then anything else. */
function nearly(tree: SchemaTree): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 12, arbitrary: valueFor(tree) },
    fc.oneof(textLeaf, fc.jsonValue({ maxDepth: 2 })),
  );
}
