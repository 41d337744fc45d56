import { App, depends, HTTPError } from "offloop";
import { z } from "zod";
import { database, transaction } from "./database.ts";

/** A dependency declares inputs as an operation does; they appear in the document of whatever needs it. */
export const owner = depends(
  { headers: { x_owner: z.string().min(1) } },
  async ({ headers }) => headers.x_owner,
);

const page = depends(
  { query: { skip: z.int().min(0).default(0), limit: z.int().min(1).max(100).default(10) } },
  async ({ query }) => query,
);

/** It needs others, and may refuse: the error it throws is the answer. */
const note = depends(
  { params: { note_id: z.int() }, deps: { database, owner } },
  ({ params, database, owner }) => {
    const found = database
      .prepare("select id, words from notes where id = ? and owner = ?")
      .get(params.note_id, owner);
    if (found === undefined) throw new HTTPError(404, "Note not found");
    return found;
  },
);

const app = new App({ title: "Notes" });

// Plain functions: they and everything they need run on a thread, where SQLite may block.
app.get("/notes", { deps: { database, owner, page } }, ({ database, owner, page }) =>
  database
    .prepare("select id, words from notes where owner = ? order by id limit ? offset ?")
    .all(owner, page.limit, page.skip),
);

app.get("/notes/:note_id", { deps: { note } }, ({ note }) => note);

// `owner` is made once per request, however many need it.
app.post(
  "/notes",
  { body: z.array(z.object({ words: z.string() })), status: 201, deps: { transaction, owner } },
  ({ body, transaction, owner }) => {
    const insert = transaction.prepare("insert into notes (owner, words) values (?, ?)");
    for (const { words } of body) {
      if (words === "") throw new HTTPError(400, "A note without words: none was stored");
      insert.run(owner, words);
    }
    return { stored: body.length };
  },
);

export default app;
