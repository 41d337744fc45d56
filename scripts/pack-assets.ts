import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packedFolder } from "../src/openapi/assets.ts";
import { repositoryRoot } from "./finding.ts";

/** The served parts of Redoc, and the licenses that apply to them. */
const packed = {
  "redoc.standalone.js": "redoc/bundles/redoc.standalone.js",
  "redoc.standalone.js.LICENSE.txt": "redoc/bundles/redoc.standalone.js.LICENSE.txt",
  "redoc.LICENSE.txt": "redoc/LICENSE",
};

/** Copies into the package what the pages load from packages that are not dependencies. */
export function packAssets(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, source] of Object.entries(packed))
    copyFileSync(fileURLToPath(import.meta.resolve(source)), join(folder, name));
}

/** Copies the parts of the inspector's page that the compiler does not produce: its document and its styles. */
export function packInspectorPage(folder: string): void {
  const source = join(repositoryRoot, "src", "inspector", "page");
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(source).filter((file) => /\.(html|css)$/.test(file)))
    copyFileSync(join(source, name), join(folder, name));
}

if (import.meta.main) {
  packAssets(join(repositoryRoot, "dist", packedFolder));
  packInspectorPage(join(repositoryRoot, "dist", "inspector", "page"));
}
