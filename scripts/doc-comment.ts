import type { Comment } from "oxc-parser";
import { lineAt, type SourceFile } from "./source-tree.ts";

export interface TextLine {
  text: string;
  /** Line in the file, counted from 1. */
  line: number;
}

/** The words before the first tag (tag ""), or one block tag with everything that follows it. */
export interface DocSection {
  tag: string;
  /** Starts with the words after the tag. */
  lines: TextLine[];
}

/** A TSDoc block, split at its block tags. */
export type DocComment = readonly DocSection[];

export function isDocComment(comment: Comment): boolean {
  return comment.type === "Block" && comment.value.startsWith("*");
}

/** The TSDoc block right before an offset; line comments, such as a linter's, may come between. */
export function findDoc(source: SourceFile, offset: number): DocComment | undefined {
  const comment = source.comments.findLast((one) => one.end <= offset && isDocComment(one));
  if (!comment) return undefined;
  const between = source.text.slice(comment.end, offset);
  return /^(\s|\/\/.*\n)*$/.test(between) ? parseDoc(source, comment) : undefined;
}

export function parseDoc(source: SourceFile, comment: Comment): DocComment {
  const firstLine = lineAt(source.text, comment.start);
  const sections: DocSection[] = [{ tag: "", lines: [] }];
  let fenced = false;
  for (const [at, raw] of comment.value.slice(1).split("\n").entries()) {
    const text = raw.replace(/^\s*\*? ?/, "").trimEnd();
    if (/^\s*(```|~~~)/.test(text)) fenced = !fenced;
    const tag = fenced ? null : /^@(\w+)\s*(.*)$/.exec(text);
    if (tag) sections.push({ tag: tag[1] ?? "", lines: [] });
    sections.at(-1)?.lines.push({ text: tag ? (tag[2] ?? "") : text, line: firstLine + at });
  }
  return sections;
}

export function findSections(doc: DocComment, tag: string): DocSection[] {
  return doc.filter((section) => section.tag === tag);
}

export function readSummary(doc: DocComment): string {
  const lines = doc[0]?.lines ?? [];
  return lines
    .map((line) => line.text)
    .join("\n")
    .trim();
}

/** Names that have a description: `@param options.max` also describes `options`. */
export function readParamNames(doc: DocComment): Set<string> {
  const names = findSections(doc, "param").flatMap((section) => {
    const [first, ...rest] = section.lines.map((line) => line.text);
    const [, name, text] = /^\[?([\w$]+)[^\s]*\s*-?\s*(.*)$/.exec(first ?? "") ?? [];
    return name && [text, ...rest].join("").trim() ? [name] : [];
  });
  return new Set(names);
}
