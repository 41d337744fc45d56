import { comparisonResult } from "../comparison-result.ts";
import { atLeast, type Goal } from "../goal.ts";
import { operations } from "../operations.ts";
import type { Bench, PartResult } from "../part.ts";
import { findFastApi } from "../python.ts";
import type { Side } from "../side.ts";
import { measureInTurns } from "../turns.ts";

const { async: bare, declared } = operations;

const toBare = (what: string, gain: number): Goal => atLeast(0.8, what, gain);
const toFastApi = (what: string, gain: number): Goal => atLeast(6, what, gain);

/** (f) An operation with three coerced parameters and a dependency, compared with a bare one and with FastAPI. */
export async function measureDeclaredOperation(bench: Bench): Promise<PartResult[]> {
  const fastApi = findFastApi();
  if (fastApi === undefined)
    bench.say("!! FastAPI, uvicorn, uvloop or httptools are not installed: measured WITHOUT FastAPI");
  const peer: Side | undefined = fastApi && {
    name: `FastAPI ${fastApi.version}`,
    file: "fastapi",
    settings: { python: fastApi.python },
    path: declared.path,
    body: declared.body,
  };
  const sides = [bare, declared, ...(peer === undefined ? [] : [peer])];
  const result = comparisonResult(
    "(f) three coerced query parameters and a dependency that takes one of them",
    [
      { ours: declared.name, peer: bare.name, goal: toBare, cpuGoal: toBare },
      ...(peer === undefined
        ? []
        : [{ ours: declared.name, peer: peer.name, goal: toFastApi, cpuGoal: toFastApi }]),
    ],
    await measureInTurns({ sides, twice: [declared], rounds: bench.options.rounds }, bench),
    [
      peer === undefined
        ? "FastAPI is not installed here: apt install python3-fastapi python3-uvicorn python3-uvloop python3-httptools"
        : "FastAPI on uvicorn with uvloop and httptools, one process, async def, logs off",
    ],
  );
  return [result];
}
