import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { ownFile } from "../errors/own-code.ts";

/** A file that a page loads, as packaged in an npm package. */
interface Asset {
  readonly mediaType: string;
  /** Its location: a package and a path in it. */
  readonly source: string;
}

/** The files, by the names they are served under. */
export type AssetName =
  | "swagger-ui.css"
  | "swagger-ui-bundle.js"
  | "oauth2-redirect.js"
  | "favicon-32x32.png"
  | "redoc.standalone.js";

/**
 * The pages' own files. Swagger UI's come with `@fastify/swagger-ui`, a dependency. Redoc's package has some ninety
 * dependencies, while the one file needs none of them: the build copies that file into the package.
 */
export const assets: Readonly<Record<AssetName, Asset>> = {
  "swagger-ui.css": { mediaType: "text/css", source: "@fastify/swagger-ui/static/swagger-ui.css" },
  "swagger-ui-bundle.js": {
    mediaType: "text/javascript",
    source: "@fastify/swagger-ui/static/swagger-ui-bundle.js",
  },
  "oauth2-redirect.js": {
    mediaType: "text/javascript",
    source: "@fastify/swagger-ui/static/oauth2-redirect.js",
  },
  "favicon-32x32.png": { mediaType: "image/png", source: "@fastify/swagger-ui/static/favicon-32x32.png" },
  "redoc.standalone.js": { mediaType: "text/javascript", source: "redoc/bundles/redoc.standalone.js" },
};

/** The folder for the build's copies, in that of offloop's own code. */
export const packedFolder = "openapi/assets";

/** The bytes of a page's file. */
export async function readAsset(name: AssetName): Promise<Buffer> {
  const packed = ownFile(`${packedFolder}/${name}`);
  const bytes = await readFile(
    existsSync(packed) ? packed : new URL(import.meta.resolve(assets[name].source)),
  );
  return name === "redoc.standalone.js" ? withoutRemoteLogo(bytes) : bytes;
}

/** Redoc requests a logo from its vendor's server; without one it leaves the space empty. */
function withoutRemoteLogo(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString().replaceAll("https://cdn.redoc.ly/redoc/logo-mini.svg", "data:,"));
}
