import assert from "node:assert/strict";
import { serveBodies } from "../fixtures/body-servers.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane } from "../fixtures/running.ts";

/** What is no body of its type, and what a form's operation and one of JSON answer to it. */
const unreadable: readonly { type: string; body: string; form: number; json: number }[] = [
  { type: "multipart/form-data", body: "", form: 400, json: 422 },
  { type: "multipart/form-data", body: "--x\r\n", form: 400, json: 422 },
  { type: "multipart/form-data; boundary=x", body: "", form: 422, json: 422 },
  { type: "multipart/form-data; boundary=x", body: "--x\r\nContent-Dis", form: 400, json: 422 },
  { type: "multipart/form-data; boundary=x", body: "no part at all", form: 400, json: 422 },
  { type: "application/x-www-form-urlencoded", body: "a=1&".repeat(2_000), form: 400, json: 422 },
  { type: "application/json", body: "{", form: 422, json: 422 },
  { type: "application/json", body: '"\xff"', form: 422, json: 400 },
  { type: "a/b", body: "", form: 422, json: 422 },
  { type: "json", body: '{"name":"tea","price":1}', form: 422, json: 422 },
  { type: "json; charset=utf-8", body: "{}", form: 422, json: 422 },
  { type: "", body: '{"name":"tea","price":1}', form: 422, json: 422 },
  { type: "", body: "", form: 422, json: 422 },
];

const urlOf = serveBodies();

for (const { type, body, form, json } of unreadable)
  for (const [path, status] of [
    ["/up", form],
    ["/items", json],
  ] as const)
    eachLane(
      `POST ${path}: requests behind ${type} of ${JSON.stringify(body.slice(0, 20))} are answered`,
      async (lane) => {
        const request = `POST /${lane}${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
        const socket = await openSocket(urlOf(path));
        const last = request.replace("Host: a", "Host: a\r\nConnection: close");
        socket.send(Buffer.from(request + request + last, "latin1"));
        const statuses = [...(await socket.ended()).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) =>
          Number(code),
        );
        assert.deepEqual(statuses, [status, status, status]);
      },
    );
