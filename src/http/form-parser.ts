import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { FormPart } from "../operation/raw.ts";
import { bodyError, limitBytes, readMultipart } from "./multipart.ts";

/** Has a multipart body read as a form where one is declared, and as bytes elsewhere. */
export function addFormParser(fastify: FastifyInstance, maxBodyBytes: number): void {
  const parse = async (request: FastifyRequest, payload: Readable): Promise<FormPart[] | Buffer> => {
    const { config } = request.routeOptions;
    const bodyLimit = config.maxFormBytes ?? maxBodyBytes;
    if (config.readsForm === true) return readMultipart(request.headers, payload, bodyLimit);
    return buffer(limitBytes(bodyLimit)(payload)).catch((error: unknown) => {
      throw bodyError(error);
    });
  };
  fastify.addContentTypeParser("multipart/form-data", parse);
}
