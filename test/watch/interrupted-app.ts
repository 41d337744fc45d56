import { createContext, runInContext } from "node:vm";
import { runMarked } from "../../src/watch/marks.ts";
import { openWatch } from "../../src/watch/watch.ts";

/** Runs code of many kinds while the watchdog looks into it again and again, and compares what it gives. */

const sorted = Array.from({ length: 3_000 }, (_, index) => (index * 7919) % 3_001);
const context = createContext({ n: 0 });
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Module: new (bytes: Uint8Array) => object;
    Instance: new (module: object) => { exports: { f(n: number): number } };
  };
};
const addOne = new WebAssembly.Module(
  Uint8Array.of(
    0,
    97,
    115,
    109,
    1,
    0,
    0,
    0,
    1,
    6,
    1,
    96,
    1,
    127,
    1,
    127,
    3,
    2,
    1,
    0,
    7,
    5,
    1,
    1,
    102,
    0,
    0,
    10,
    9,
    1,
    7,
    0,
    32,
    0,
    65,
    1,
    106,
    11,
  ),
);

const kinds: Record<string, () => unknown> = {
  arithmetic: () => sorted.reduce((sum, value) => (sum * 31 + value) | 0, 7),
  sort: () => sorted.toSorted((a, b) => a - b).join(),
  regex: () => "aaaaaaaaaaaaaaaab".replace(/(a+)+$/, "x"),
  json: () => JSON.stringify(JSON.parse(JSON.stringify(sorted))),
  bigint: () =>
    sorted
      .slice(0, 300)
      .reduce((product, value) => (product * BigInt(value + 1)) % 1_000_003n, 1n)
      .toString(),
  generator: () =>
    [
      ...(function* () {
        for (const value of sorted) yield value * 2;
      })(),
    ].length,
  proxy: () => {
    const seen: PropertyKey[] = [];
    const proxy = new Proxy({} as Record<string, number>, { get: (_, key) => seen.push(key) });
    for (let index = 0; index < 500; index++) proxy[`k${index}`];
    return seen.length;
  },
  overflow: () => {
    const deeper = (depth: number): number => depth + deeper(depth + 1);
    try {
      return deeper(0);
    } catch (error) {
      return (error as Error).name;
    }
  },
  vm: () => runInContext("let s = 0; for (let i = 0; i < 5e4; i++) s += i; s", createContext({})) as number,
  sharedContext: () => runInContext("n = 0; for (let i = 0; i < 5e4; i++) n += i; n", context) as number,
  made: () =>
    (new Function("n", "let s = 0; for (let i = 0; i < n; i++) s ^= i; return s") as (n: number) => number)(
      50_000,
    ),
  wasm: () => {
    const { f } = new WebAssembly.Instance(addOne).exports;
    let value = 0;
    for (let index = 0; index < 20_000; index++) value = f(value);
    return value;
  },
  errors: () => {
    let depth = 0;
    for (let index = 0; index < 300; index++)
      depth += String(new Error("x").stack).split("\n")[0]?.length ?? 0;
    return depth;
  },
  maps: () => {
    const map = new Map(sorted.map((value) => [value, String(value)]));
    for (const value of sorted) if (value % 2 === 0) map.delete(value);
    return map.size;
  },
  clone: () => JSON.stringify(structuredClone({ sorted, nested: { map: new Map([[1, 2]]) } })),
  strings: () =>
    sorted
      .map((value) => value.toString(36))
      .join("")
      .split("")
      .toReversed()
      .join("").length,
  typed: () => new Float64Array(sorted).map(Math.sqrt).reduce((sum, value) => sum + value, 0),
  dates: () =>
    sorted
      .slice(0, 200)
      .map((value) => new Date(value * 1e9).toLocaleDateString("en"))
      .join().length,
};

let isInSync = false;
let intrusions = 0;
const intrude = (): void => {
  if (isInSync) intrusions++;
};

let looks = 0;
const watch = openWatch({
  thresholdMs: 20,
  level: "production",
  announces: "text",
  onBlock: ({ culprits }) => {
    looks += culprits.reduce((sum, { samples }) => sum + samples, 0);
  },
  onFailure: (error) => {
    throw error;
  },
});
await watch?.ready;
const wrong: string[] = [];
for (const [name, work] of Object.entries(kinds)) {
  const expected = work();
  queueMicrotask(intrude);
  process.nextTick(intrude);
  setTimeout(intrude, 1);
  const repeat = (): void => {
    isInSync = true;
    for (const end = performance.now() + 120; performance.now() < end; )
      if (work() !== expected) wrong.push(name);
    isInSync = false;
  };
  runMarked(
    { mark: 1, request: undefined, at: 0, bindings: undefined, late: undefined, isOver: false },
    repeat,
    undefined,
  );
  await new Promise((resolve) => setTimeout(resolve, 60));
}
await watch?.close();
console.log(JSON.stringify({ looks, kinds: Object.keys(kinds).length, wrong, intrusions }));
