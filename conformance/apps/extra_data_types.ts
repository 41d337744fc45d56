import { z } from "zod";
import { createApp } from "../lane.ts";

export const tutorial001 = createApp();
tutorial001.put(
  "/items/:item_id",
  {
    params: { item_id: z.uuid() },
    body: {
      start_datetime: z.date(),
      end_datetime: z.date(),
      process_after: z.number(),
      repeat_at: z.iso.time().nullable().default(null),
    },
  },
  async ({ params, body: { start_datetime, end_datetime, process_after, repeat_at } }) => {
    const start_process = new Date(start_datetime.getTime() + process_after * 1000);
    const duration = (end_datetime.getTime() - start_process.getTime()) / 1000;
    return { ...params, start_datetime, end_datetime, process_after, repeat_at, start_process, duration };
  },
);
