import { App, serve } from "offloop";

/** What an idle server costs: CPU time of the whole process while there are no requests, with the watchdog and without. */
const seconds = Number(process.argv[2] ?? 10);
const app = new App();
app.get("/", async () => "ok");

for (const level of ["production", "development", undefined] as const) {
  const watch = level === undefined ? false : { level };
  const server = await serve(app, { port: 0, accessLog: false, logLevel: "silent", signals: false, watch });
  await (await fetch(server.url)).text();
  // The watchdog takes a second without a request to slow down.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const { user, system } = process.cpuUsage(before);
  console.log(`${level ?? "off"}: ${((user + system) / seconds / 10_000).toFixed(2)} % of a core`);
  await server.close();
}
