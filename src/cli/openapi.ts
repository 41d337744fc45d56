import { createDocument } from "../openapi/document.ts";
import { loadToRead, parseTarget } from "./declared-app.ts";

/** `offloop openapi`: prints the document that the app would serve. */
export async function openapi(module: string): Promise<void> {
  const app = await loadToRead(parseTarget(module));
  const text = `${JSON.stringify(createDocument(app), null, 2)}\n`;
  // What the module opened while it loaded would keep the process alive, and a pipe may still be taking the text.
  process.stdout.write(text, () => process.exit(0));
}
