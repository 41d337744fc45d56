import { html } from "offloop";
import { z } from "zod";
import { createApp } from "../lane.ts";

const page = `
<body>
<form action="/files/" enctype="multipart/form-data" method="post">
<input name="files" type="file" multiple>
<input type="submit">
</form>
<form action="/uploadfiles/" enctype="multipart/form-data" method="post">
<input name="files" type="file" multiple>
<input type="submit">
</form>
</body>
    `;

function single() {
  const app = createApp();
  app.post("/files/", { form: { file: z.file() } }, async ({ form }) => ({
    file_size: (await form.file.bytes()).length,
  }));
  app.post("/uploadfile/", { form: { file: z.file() } }, async ({ form }) => ({ filename: form.file.name }));
  return app;
}

export const tutorial001 = single();
export const tutorial001_03 = single();

export const tutorial001_02 = createApp();
tutorial001_02.post("/files/", { form: { file: z.file().optional() } }, ({ form }) =>
  form.file === undefined ? { message: "No file sent" } : { file_size: form.file.readSync().length },
);
tutorial001_02.post("/uploadfile/", { form: { file: z.file().optional() } }, ({ form }) =>
  form.file === undefined ? { message: "No upload file sent" } : { filename: form.file.name },
);

function several() {
  const app = createApp();
  app.post("/files/", { form: { files: z.array(z.file()) } }, ({ form }) => ({
    file_sizes: form.files.map((file) => file.readSync().length),
  }));
  app.post("/uploadfiles/", { form: { files: z.array(z.file()) } }, async ({ form }) => ({
    filenames: form.files.map(({ name }) => name),
  }));
  app.get("/", async () => html(page));
  return app;
}

export const tutorial002 = several();
export const tutorial003 = several();
