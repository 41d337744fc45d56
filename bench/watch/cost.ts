import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { App, serve } from "offloop";

/**
 * What the watchdog costs an operation that does nothing: CPU time of the main thread per request, which
 * limits the throughput. Measured in paired alternating phases of one process, so that whatever else the
 * machine does affects both.
 */
const [level = "production", pairs = "10", requests = "15000"] = process.argv.slice(2);
const app = new App();
app.get("/", async () => "ok");
const client = fork(fileURLToPath(new URL("./client.ts", import.meta.url)));

async function phase(isWatched: boolean): Promise<number> {
  const watch = isWatched ? { level: level as "production" } : false;
  const server = await serve(app, { port: 0, accessLog: false, logLevel: "silent", signals: false, watch });
  const before = process.threadCpuUsage();
  client.send({ url: server.url, requests: Number(requests) });
  await once(client, "message");
  const { user, system } = process.threadCpuUsage(before);
  await server.close();
  return (user + system) / Number(requests);
}

for (const isWatched of [false, true, false, true]) await phase(isWatched);
const ratios: number[] = [];
let [offTotal, onTotal] = [0, 0];
for (let pair = 0; pair < Number(pairs); pair++) {
  const onFirst = pair % 2 === 0;
  const first = await phase(onFirst);
  const second = await phase(!onFirst);
  const [on, off] = onFirst ? [first, second] : [second, first];
  ratios.push(on / off);
  onTotal += on;
  offTotal += off;
}
client.kill();
const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
const variance = ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / (ratios.length - 1);
const median = ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)] as number;
console.log(
  `${level}: ${(onTotal / ratios.length).toFixed(2)} us of the main thread a request with it, ${(offTotal / ratios.length).toFixed(2)} without; ` +
    `x${mean.toFixed(3)} +-${(2 * Math.sqrt(variance / ratios.length)).toFixed(3)} (2 SE), median x${median.toFixed(3)}; ` +
    `throughput x${(1 / median).toFixed(3)}`,
);
