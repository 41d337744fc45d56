import { createDocument } from "../openapi/document.ts";
import { endCommand, printData } from "./data-output.ts";
import { checkServable, loadToRead, parseTarget } from "./declared-app.ts";

/** `offloop openapi`: prints the document that the app would serve. */
export async function openapi(module: string): Promise<void> {
  const app = await loadToRead(parseTarget(module));
  await checkServable(app);
  const text = `${JSON.stringify(createDocument(app), null, 2)}\n`;
  printData(text);
  endCommand();
}
