import { z } from "zod";
import { createApp } from "../lane.ts";

const Invoice = z
  .object({
    id: z.string(),
    title: z.string().nullable().default(null),
    customer: z.string(),
    total: z.number(),
  })
  .meta({ id: "Invoice" });
const InvoiceEvent = z.object({ description: z.string(), paid: z.boolean() }).meta({ id: "InvoiceEvent" });
const InvoiceEventReceived = z.object({ ok: z.boolean() }).meta({ id: "InvoiceEventReceived" });

export const tutorial001 = createApp();
tutorial001.post(
  "/invoices/",
  {
    description: "The client says where it wants to be told that its invoice was paid.",
    query: { callback_url: z.url().min(1).max(2083).optional() },
    body: Invoice,
    callbacks: {
      invoice_notification: {
        "{$callback_url}/invoices/{$request.body.id}": {
          post: { body: InvoiceEvent, response: InvoiceEventReceived },
        },
      },
    },
  },
  async () => ({ msg: "Invoice received" }),
);
