import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

// A server elsewhere, in a process of its own: `GET /?seconds=3` answers three seconds later. `GET /calls` says how
// many are waiting now, so that the client knows when a call has arrived.

let calls = 0;

const server = createServer((request, response) => {
  // A caller may be frozen when an idle connection times out, and would find it closed later.
  response.setHeader("connection", "close");
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname === "/calls") {
    response.end(String(calls));
    return;
  }
  calls++;
  const answer = (): void => {
    calls--;
    response.end("slow but sure");
  };
  setTimeout(answer, Number(url.searchParams.get("seconds") ?? 3) * 1000);
});

server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("SIGINT", () => {}); // Ctrl+C reaches this process too, and the app may still have to finish a request
process.once("disconnect", () => process.exit());
