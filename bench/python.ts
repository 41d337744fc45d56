import { spawnSync } from "node:child_process";

const script = `
import json, platform, fastapi, uvicorn, uvloop, httptools
print(json.dumps({"fastapi": fastapi.__version__, "uvicorn": uvicorn.__version__, "uvloop": uvloop.__version__,
                  "python": platform.python_version()}))`;

/** A Python with FastAPI, and their versions. */
export interface FastApi {
  readonly python: string;
  readonly version: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** The first Python that has FastAPI and uvicorn's fast parts; undefined when none has. */
export function findFastApi(): FastApi | undefined {
  for (const python of ["python3", "/usr/bin/python3"]) {
    const { status, stdout } = spawnSync(python, ["-c", script], { encoding: "utf8" });
    if (status !== 0) continue;
    const versions = JSON.parse(stdout) as Record<string, string>;
    return { python, version: versions.fastapi ?? "", versions };
  }
  return undefined;
}
