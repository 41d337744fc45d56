import { createClient } from "@hey-api/openapi-ts";
import openapiTypescript, { astToString } from "openapi-typescript";

type Document = Record<string, unknown>;

/** The types that openapi-typescript makes of a document. */
export async function generateTypes(document: Document): Promise<string> {
  return astToString(await openapiTypescript(document as never));
}

/** Writes the client that `@hey-api/openapi-ts` makes of a document into a folder. */
export async function generateClient(document: Document, folder: string): Promise<void> {
  await createClient({
    input: document,
    output: { path: folder, module: { extension: ".ts" } },
    plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
    logs: { level: "silent" },
  });
}
