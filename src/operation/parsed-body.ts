import { type BodyRules, readBody } from "./body.ts";
import type { CompiledOperation } from "./compile.ts";
import { type FormValues, readForm } from "./form.ts";
import type { RawRequest } from "./raw.ts";

/** What the body was parsed to, once for all who read it. */
export interface ParsedBody {
  readonly json: unknown;
  /** Whether the JSON has so many values that its lists are checked item by item. */
  readonly isLong: boolean;
  readonly form: FormValues | undefined;
}

const noBody: ParsedBody = { json: undefined, isLong: false, form: undefined };

/** Parses the body as far as somebody wants it. */
export function parseBody(
  { reads, strictContentType, bounds }: Pick<CompiledOperation, "reads" | "strictContentType" | "bounds">,
  request: RawRequest,
): ParsedBody {
  if (!reads.json && !reads.form) return noBody;
  const rules: BodyRules = { strictContentType, bounds, hasBigints: reads.bigints };
  const { value, isLong } = reads.json ? readBody(request, rules) : { value: undefined, isLong: false };
  return { json: value, isLong, form: reads.form ? readForm(request, bounds) : undefined };
}
