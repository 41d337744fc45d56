import autocannon from "autocannon";

// autocannon's own command line prints nothing when it is stopped early.
const [url = "", connections, duration, closes] = process.argv.slice(2);
const headers = closes === "close" ? { connection: "close" } : {};
const options = { url, connections: Number(connections), duration: Number(duration), timeout: 60, headers };
const running = autocannon(options, (problem, result) => {
  if (problem !== null) throw problem;
  const { errors, non2xx, requests, latency, duration: seconds } = result;
  const printed = { failed: errors + non2xx, answered: requests.total, seconds, p99: latency.p99 };
  process.stdout.write(JSON.stringify(printed));
});
process.once("SIGINT", () => running.stop());
