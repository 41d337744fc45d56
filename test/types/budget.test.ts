import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const ROUTERS = 20;
const OPERATIONS_PER_ROUTER = 10;

/** What everybody has to read, whatever is declared. */
const imports = `import { App, depends, Router } from "offloop";\nimport { z } from "zod";\n`;

/** An app of 200 operations, each with schemas of its own, as nobody would write it and a compiler gets to see it. */
function largeApp(): string {
  const routers = Array.from({ length: ROUTERS }, (_, router) => routerText(router));
  return `${imports}const app = new App();\n${routers.join("\n")}\nexport default app;\n`;
}

function routerText(router: number): string {
  const operations = Array.from({ length: OPERATIONS_PER_ROUTER }, (_, index) =>
    operationText(router, index),
  );
  return `
const user${router} = depends(
  { headers: { x_token: z.string() }, query: { as: z.string().optional() } },
  async ({ headers, query }) => ({ name: headers.x_token, as: query.as }),
);
const db${router} = depends(async function* () { yield { find: (id: number) => ({ id, name: "x", tags: ["a"] }) }; });
const owner${router} = depends(
  { deps: { user: user${router}, db: db${router} } },
  async ({ user, db }) => ({ ...db.find(1), owner: user.name }),
);
const router${router} = new Router({ prefix: "/r${router}", tags: ["r${router}"], deps: { user: user${router} } });
${operations.join("")}
app.include(router${router});`;
}

function operationText(router: number, index: number): string {
  const method = (["post", "put", "patch"] as const)[index % 3];
  return `
const Item${router}_${index} = z.object({
  name: z.string().max(50),
  price: z.number().min(0),
  tags: z.array(z.string()).default([]),
  kind: z.enum(["a", "b"]),
  size: z.object({ width: z.int(), height: z.int().optional() }),
});
const Out${router}_${index} = Item${router}_${index}.extend({ id: z.int(), owner: z.string() });
router${router}.${method}(
  "/things${index}/:thing_id/parts/:part",
  {
    params: { thing_id: z.int() },
    query: { skip: z.int().min(0).default(0), limit: z.int().max(100).default(10), q: z.string().optional() },
    body: Item${router}_${index},
    deps: { owner: owner${router}, db: db${router} },
    response: Out${router}_${index},
  },
  ${index % 2 === 0 ? "" : "async "}({ params, query, body, owner, db, user }) => {
    const found = db.find(params.thing_id + query.skip);
    return { ...body, id: found.id, owner: owner.owner + user.name + params.part + (query.q ?? "") };
  },
);`;
}

interface Checked {
  readonly errors: string;
  readonly seconds: number;
  readonly instantiations: number;
}

describe("type-checking an app of 200 operations", () => {
  let folder: string;
  let bare: Checked;
  let large: Checked;
  before(() => {
    // Below the repository, or the app would not find "offloop".
    const artifacts = join(root, "test-artifacts");
    mkdirSync(artifacts, { recursive: true });
    folder = mkdtempSync(join(artifacts, "types-"));
    bare = check(`${imports}export const names = [App, depends, Router, z];\n`);
    large = check(largeApp());
  });
  after(() => rmSync(folder, { recursive: true }));

  function check(text: string): Checked {
    writeFileSync(join(folder, "app.ts"), text);
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../../tsconfig.test.json",
        compilerOptions: { extendedDiagnostics: true },
        include: ["app.ts"],
      }),
    );
    const tsc = join(root, "node_modules", ".bin", "tsc");
    const { stdout } = spawnSync(tsc, ["-p", folder], { encoding: "utf8" });
    const figure = (name: string): number =>
      Number(new RegExp(`^${name}: +([\\d.]+)`, "m").exec(stdout)?.[1]);
    const errors = stdout.split("\n").filter((line) => line.includes("error TS"));
    return {
      errors: errors.slice(0, 3).join("\n"),
      seconds: figure("Total time"),
      instantiations: figure("Instantiations"),
    };
  }

  test("takes a small multiple of what offloop's own source and zod's types take alone", () => {
    assert.equal(large.errors, "");
    // On two quiet cores it takes 0.8 s. Past 5 s an editor no longer feels live.
    assert.ok(large.seconds < 5 * bare.seconds, `${large.seconds} s, without operations ${bare.seconds} s`);
  });

  test("costs the same for each operation, and little", () => {
    const each = (large.instantiations - bare.instantiations) / (ROUTERS * OPERATIONS_PER_ROUTER);
    // A count, the same on every machine: 2,000 now, with zod's 400. One that doubles is a type gone wrong.
    assert.ok(each < 3500, `${each} instantiations for each operation`);
  });
});
