import { servedOperations } from "../app/parts.ts";
import { formatLocation } from "../errors/offloop-error.ts";
import { loadToRead, parseTarget } from "./declared-app.ts";

/** `offloop routes`: prints method, path, lane and source of every operation. */
export async function routes(module: string, { json }: { readonly json?: boolean }): Promise<void> {
  const app = await loadToRead(parseTarget(module));
  const rows = servedOperations(app).map(({ method, path, lane, tags, location }) => ({
    method,
    path,
    lane,
    tags,
    source: formatLocation(location),
  }));
  process.stdout.write(json === true ? `${JSON.stringify(rows, null, 2)}\n` : table(rows));
  process.exit(0); // what the module opened while it loaded would keep a listing alive
}

function table(rows: readonly { method: string; path: string; lane: string; source: string }[]): string {
  const width = (column: "method" | "path"): number => Math.max(...rows.map((row) => row[column].length));
  return rows
    .map(
      ({ method, path, lane, source }) =>
        `${method.padEnd(width("method"))}  ${path.padEnd(width("path"))}  ${lane.padEnd(6)}  ${source}\n`,
    )
    .join("");
}
