import type { TextLine } from "./doc-comment.ts";

export interface FencedBlock {
  /** The words after the opening fence: the language first. */
  info: string[];
  /** Line of the first line of code in its file, counted from 1. */
  line: number;
  code: string;
}

const fence = /^(\s*)(`{3,}|~{3,})\s*([^`]*)$/;

/** The fenced code blocks of a Markdown text; a block that is never closed runs to the end. */
export function findFencedBlocks(lines: readonly TextLine[]): FencedBlock[] {
  const blocks: FencedBlock[] = [];
  let open: { indent: number; marks: string; block: FencedBlock; code: string[] } | undefined;
  const close = (): void => {
    if (open) blocks.push({ ...open.block, code: open.code.join("\n") });
    open = undefined;
  };
  for (const { text, line } of lines) {
    const [, indent = "", marks = "", info = ""] = fence.exec(text) ?? [];
    if (open && marks.startsWith(open.marks) && info === "") close();
    else if (open) open.code.push(text.slice(Math.min(open.indent, text.search(/\S|$/))));
    else if (marks) {
      const block = { info: info.split(/\s+/).filter(Boolean), line: line + 1, code: "" };
      open = { indent: indent.length, marks, block, code: [] };
    }
  }
  close();
  return blocks;
}
