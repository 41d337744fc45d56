import type { Components } from "./components.ts";
import type { JsonSchema } from "./json-schema.ts";

/** The body of a 422, named and shaped as FastAPI does. */
export function validationErrorSchema(components: Components): JsonSchema {
  const detail = components.name("ValidationError", {
    type: "object",
    title: "ValidationError",
    properties: {
      loc: {
        type: "array",
        title: "Location",
        items: { anyOf: [{ type: "string" }, { type: "integer" }] },
      },
      msg: { type: "string", title: "Message" },
      type: { type: "string", title: "Error Type" },
      input: { title: "Input" },
      ctx: { type: "object", title: "Context" },
    },
    required: ["loc", "msg", "type"],
  });
  return components.name("HTTPValidationError", {
    type: "object",
    title: "HTTPValidationError",
    properties: { detail: { type: "array", title: "Detail", items: detail } },
  });
}
