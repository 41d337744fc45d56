import type { InputBounds } from "../app/input-settings.ts";
import { type ValidationDetail, ValidationError } from "../errors/validation-error.ts";
import { withinLimit } from "../schema/details.ts";
import type { ParsedBody } from "./parsed-body.ts";

/** The error of a request that does not fit, with as many of its mistakes as are told. */
export function refusal(
  details: readonly ValidationDetail[],
  { json }: ParsedBody,
  bounds: InputBounds,
): ValidationError {
  return new ValidationError(withinLimit(details, bounds), json);
}
