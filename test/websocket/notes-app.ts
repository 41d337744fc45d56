import { DatabaseSync } from "node:sqlite";
import { App, depends } from "offloop";

const database = depends(
  function* () {
    const opened = new DatabaseSync(":memory:");
    opened.exec("create table notes (words text)");
    yield opened;
    opened.close();
  },
  { scope: "thread" },
);
const transaction = depends({ deps: { database }, scope: "function" }, function* ({ database }) {
  database.exec("begin immediate");
  try {
    yield database;
    database.exec("commit");
  } catch (error) {
    database.exec("rollback");
    throw error;
  }
});

/** As docs/websocket.md has it. */
const app = new App({ threads: { max: 1, reserve: 0 } });
const save = app.task("save", { deps: { transaction } }, ({ transaction }, words: string) => {
  transaction.prepare("insert into notes values (?)").run(words);
  if (words === "") throw new Error("nothing to note");
  return "saved";
});
app.websocket("/notes", { message: async ({ message }) => save(String(message)) });
app.get("/notes", { deps: { transaction } }, ({ transaction }) =>
  transaction.prepare("select count(*) as notes from notes").get(),
);

export default app;
