import { spawnSync } from "node:child_process";

/** The first Python that has FastAPI and uvicorn's fast parts, and FastAPI's version; undefined when none has. */
export function findFastApi(): { readonly python: string; readonly version: string } | undefined {
  const script = "import fastapi, uvicorn, uvloop, httptools; print(fastapi.__version__)";
  for (const python of ["python3", "/usr/bin/python3"]) {
    const { status, stdout } = spawnSync(python, ["-c", script], { encoding: "utf8" });
    if (status === 0) return { python, version: stdout.trim() };
  }
  return undefined;
}
