import { App } from "offloop";
import { background } from "./operations/background.ts";
import { disk } from "./operations/disk.ts";
import { fifo } from "./operations/fifo.ts";
import { http } from "./operations/http.ts";
import { mysql } from "./operations/mysql.ts";
import { postgres } from "./operations/postgres.ts";
import { s3 } from "./operations/s3.ts";
import { sqlite } from "./operations/sqlite.ts";

/** Every way to wait for something, where it belongs and where it does not: each trap is marked on its line. */
const app = new App({
  title: "Pairs",
  threads: { max: 4 },
  // npm run pairs, which started this app, reads it from there.
  watch: { onBlock: (blocked) => console.log(JSON.stringify({ blocked })) },
});

app.get("/", async () => "hello");

for (const pair of [http, s3, fifo, disk, postgres, mysql, sqlite, background]) app.include(pair);

export default app;
