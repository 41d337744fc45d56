import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** A file that a page loads, as it comes in an npm package. */
interface Asset {
  readonly mediaType: string;
  /** Where it is: a package and a path in it. */
  readonly source: string;
}

/** The files, by the name they are served under. */
export type AssetName =
  | "swagger-ui.css"
  | "swagger-ui-bundle.js"
  | "oauth2-redirect.js"
  | "favicon-32x32.png"
  | "redoc.standalone.js";

/**
 * The pages' own files. Swagger UI's come with `@fastify/swagger-ui`, a dependency. Redoc's package has some ninety
 * dependencies, for one file that needs none of them: the build copies that file into the package.
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

/** Where the build puts copies, from the folder of this module. */
export const packedFolder = "assets";

/** The bytes of a page's file. */
export async function readAsset(name: AssetName): Promise<Buffer> {
  const packed = new URL(`${packedFolder}/${name}`, import.meta.url);
  const bytes = await readFile(
    existsSync(packed) ? packed : new URL(import.meta.resolve(assets[name].source)),
  );
  return name === "redoc.standalone.js" ? withoutRemoteLogo(bytes) : bytes;
}

/** Redoc asks its makers' server for a logo; without one it leaves the place empty. */
function withoutRemoteLogo(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString().replaceAll("https://cdn.redoc.ly/redoc/logo-mini.svg", "data:,"));
}
