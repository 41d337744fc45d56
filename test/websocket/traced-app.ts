import { trace } from "@opentelemetry/api";
import { App } from "offloop";
import { lanes } from "../fixtures/running.ts";
import { registerTracing } from "../fixtures/tracing-sdk.ts";

registerTracing();

const app = new App();
export default app;

for (const runs of lanes)
  app.websocket(
    `/${runs}/live`,
    { runs },
    {
      message: ({ message }) => {
        if (message === "fail") throw new Error("no answer");
        trace.getTracer("app").startSpan("in message").end();
        return message;
      },
    },
  );
