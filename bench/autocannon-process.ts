import autocannon from "autocannon";

// autocannon's own command line prints nothing when it is stopped before its time.
const [url = "", connections, duration] = process.argv.slice(2);
const options = { url, connections: Number(connections), duration: Number(duration), timeout: 60 };
const running = autocannon(options, (problem, { errors, non2xx, requests, duration: seconds }) => {
  if (problem !== null) throw problem;
  process.stdout.write(JSON.stringify({ failed: errors + non2xx, answered: requests.total, seconds }));
});
process.once("SIGINT", () => running.stop());
