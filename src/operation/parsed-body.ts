import { readBody } from "./body.ts";
import type { CompiledOperation } from "./compile.ts";
import { type FormValues, readForm } from "./form.ts";
import type { RawRequest } from "./raw.ts";

/** What the body was parsed to, once for all who read it. */
export interface ParsedBody {
  readonly json: unknown;
  readonly form: FormValues | undefined;
}

const noBody: ParsedBody = { json: undefined, form: undefined };

/** Parses the body as far as somebody wants it. */
export function parseBody(
  { reads, strictContentType }: Pick<CompiledOperation, "reads" | "strictContentType">,
  request: RawRequest,
): ParsedBody {
  if (!reads.json && !reads.form) return noBody;
  return {
    json: reads.json ? readBody(request, strictContentType) : undefined,
    form: reads.form ? readForm(request) : undefined,
  };
}
