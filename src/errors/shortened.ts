/** A text of at most so many characters; `…` stands for the rest, which may be of any length. */
export function shortened(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars).toWellFormed()}…`;
}
