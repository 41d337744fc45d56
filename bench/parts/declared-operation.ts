import { atLeast } from "../goal.ts";
import type { Bench, PartResult } from "../part.ts";
import { findFastApi } from "../python.ts";
import { measureThroughput, type Side, throughputResult } from "../throughput.ts";

const bare: Side = { name: "offloop, bare", file: "offloop", path: "/", body: '{"hello":"world"}' };
const path = "/declared?page=2&active=true&limit=50";
const body = '{"page":2,"limit":50,"active":true,"reader":"reader"}';
const declared: Side = { name: "offloop, declared", file: "offloop-zod", path, body };

/** (f) An operation with three coerced parameters and a dependency, against a bare one and against FastAPI. */
export async function measureDeclaredOperation(bench: Bench): Promise<PartResult[]> {
  const fastApi = findFastApi();
  if (fastApi === undefined)
    bench.say("FastAPI, uvicorn, uvloop or httptools are not installed: measured without");
  const peer: Side | undefined = fastApi && {
    name: `FastAPI ${fastApi.version}`,
    file: "fastapi",
    settings: { python: fastApi.python },
    path,
    body,
  };
  const sides = [bare, declared, ...(peer === undefined ? [] : [peer])];
  const result = throughputResult(
    "(f) three coerced query parameters and a dependency that takes one of them",
    await measureThroughput(sides, bench),
    [
      { ours: declared.name, peer: bare.name, goal: (what, ratio) => atLeast(0.8, what, ratio) },
      ...(peer === undefined
        ? []
        : [
            {
              ours: declared.name,
              peer: peer.name,
              goal: (what: string, ratio: number) => atLeast(5, what, ratio),
            },
          ]),
    ],
    [
      peer === undefined
        ? "FastAPI is not installed here: apt install python3-fastapi python3-uvicorn python3-uvloop python3-httptools"
        : "FastAPI on uvicorn with uvloop and httptools, one process, async def, logs off",
    ],
  );
  return [result];
}
