import { param } from "offloop";
import { z } from "zod";
import { createApp } from "../lane.ts";

export const tutorial001 = createApp();
tutorial001.get("/items/:item_id", { params: { item_id: z.any() } }, async ({ params }) => ({
  item_id: params.item_id,
}));

export const tutorial002 = createApp();
tutorial002.get("/items/:item_id", { params: { item_id: z.int() } }, async ({ params }) => ({
  item_id: params.item_id,
}));

export const tutorial003 = createApp();
tutorial003.get("/users/me", async () => ({ user_id: "the current user" }));
tutorial003.get("/users/:user_id", async ({ params }) => ({ user_id: params.user_id }));

export const tutorial003b = createApp();
tutorial003b.get("/users", async () => ["Rick", "Morty"]);

export const tutorial004 = createApp();
tutorial004.get(
  "/files/*",
  { params: { "*": param(z.string(), { alias: "file_path" }) } },
  async ({ params }) => ({ file_path: params["*"] }),
);

const messages = {
  alexnet: "Deep Learning FTW!",
  resnet: "Have some residuals",
  lenet: "LeCNN all the images",
};

export const tutorial005 = createApp();
tutorial005.get(
  "/models/:model_name",
  { params: { model_name: z.enum(["alexnet", "resnet", "lenet"]) } },
  async ({ params: { model_name } }) => ({ model_name, message: messages[model_name] }),
);
