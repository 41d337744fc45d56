import { createApp } from "../lane.ts";

export const tutorial001 = createApp();
tutorial001.get("/items/:item_id", ({ params, request }) => ({
  client_host: request.client.host,
  item_id: params.item_id,
}));
