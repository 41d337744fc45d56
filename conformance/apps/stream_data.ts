import { createReadStream, readFileSync } from "node:fs";
import { stream } from "offloop";
import { createApp } from "../lane.ts";

const story = `
Rick: (stumbles in drunkenly, and turns on the lights) Morty! You gotta come on. You got--... you gotta come with me.
Morty: (rubs his eyes) What, Rick? What's going on?
Rick: I got a surprise for you, Morty.
Morty: It's the middle of the night. What are you talking about?
Rick: (spills alcohol on Morty's bed) Come on, I got a surprise for you. (drags Morty by the ankle) Come on, hurry up. (pulls Morty out of his bed and into the hall)
Morty: Ow! Ow! You're tugging me too hard!
Rick: We gotta go, gotta get outta here, come on. Got a surprise for you Morty.
`;
const lines = story.trim().split("\n");

async function* later() {
  yield* lines;
}
function* now() {
  yield* lines;
}
async function* laterBytes() {
  for (const line of lines) yield Buffer.from(line);
}
function* nowBytes() {
  for (const line of lines) yield Buffer.from(line);
}

/** A stream of arbitrary bytes. */
const bytes = { responseMediaType: null };
export const tutorial001 = createApp();
for (const suffix of ["", "-no-annotation"]) {
  tutorial001.get(`/story/stream${suffix}`, bytes, async () => stream(later()));
  tutorial001.get(`/story/stream-no-async${suffix}`, bytes, () => stream(now()));
  tutorial001.get(`/story/stream${suffix}-bytes`, bytes, async () => stream(laterBytes()));
  tutorial001.get(`/story/stream-no-async${suffix}-bytes`, bytes, () => stream(nowBytes()));
}

const image = new URL("./files/image.png", import.meta.url);
const png = { mediaType: "image/png" };

async function* imageLater() {
  for await (const chunk of createReadStream(image)) yield chunk as Buffer;
}
function* imageNow() {
  const bytes = readFileSync(image);
  for (let start = 0; start < bytes.length; start += 100) yield bytes.subarray(start, start + 100);
}
function* imageFrom() {
  yield* imageNow();
}

export const tutorial002 = createApp();
for (const suffix of ["", "-no-annotation"]) {
  tutorial002.get(`/image/stream${suffix}`, { responseMediaType: "image/png" }, async () =>
    stream(imageLater(), png),
  );
  tutorial002.get(`/image/stream-no-async${suffix}`, { responseMediaType: "image/png" }, () =>
    stream(imageNow(), png),
  );
}
tutorial002.get("/image/stream-no-async-yield-from", { responseMediaType: "image/png" }, () =>
  stream(imageFrom(), png),
);
