import { App } from "offloop";

const app: App = new App();
app.get("/", async () => ({ hello: "world" }));

export default app;
