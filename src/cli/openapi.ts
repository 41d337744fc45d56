import { createDocument } from "../openapi/document.ts";
import { printData } from "./data-output.ts";
import { checkServable, loadToRead, parseTarget } from "./declared-app.ts";

/** `offloop openapi`: prints the document that the app would serve. */
export async function openapi(module: string): Promise<void> {
  const app = await loadToRead(parseTarget(module));
  await checkServable(app);
  const text = `${JSON.stringify(createDocument(app), null, 2)}\n`;
  // Whatever the module opened while it loaded would keep the process alive, and a pipe may still be taking the text.
  printData(text, () => process.exit(0));
}
