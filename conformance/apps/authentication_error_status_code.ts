import { HTTPError } from "offloop";
import { httpBearer } from "offloop/security";
import { createApp } from "../lane.ts";

const bearer = httpBearer({
  schemeName: "HTTPBearer403",
  notAuthenticated: () => new HTTPError(403, "Not authenticated"),
});
export const tutorial001 = createApp();
tutorial001.get("/me", { deps: { bearer } }, async ({ bearer }) => ({
  message: "You are authenticated",
  token: bearer.credentials,
}));
