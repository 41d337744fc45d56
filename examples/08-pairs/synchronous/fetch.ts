import { runAsWorker } from "synckit";

/** What the worker does while its caller sleeps. */
export async function fetchText(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

runAsWorker(fetchText);
