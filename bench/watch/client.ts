import { Agent, get } from "node:http";

/** Asks for a number of responses over ten connections on request, and reports when it has them. */
const agent = new Agent({ keepAlive: true, maxSockets: 10 });

process.on("message", async ({ url, requests }: { url: string; requests: number }) => {
  let left = requests;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await fetchOnce(url);
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  process.send?.("done");
});

function fetchOnce(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => response.resume().on("end", resolve)).on("error", reject);
  });
}
