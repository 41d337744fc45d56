const RUN_COLOURS = 8;

/** The colours of the style sheet, as a canvas takes them. */
export interface Palette {
  readonly runs: readonly string[];
  readonly onRun: string;
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly lane: string;
  readonly blocked: string;
  readonly accent: string;
}

export function readPalette(): Palette {
  const probe = document.createElement("i");
  document.body.append(probe);
  // A custom property is given as written; as the colour of an element it is one that the theme has chosen.
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const palette = {
    runs: Array.from({ length: RUN_COLOURS }, (_, at) => read(`run-${at + 1}`)),
    onRun: read("on-run"),
    ink: read("ink"),
    quiet: read("quiet"),
    line: read("line"),
    lane: read("lane"),
    blocked: read("blocked"),
    accent: read("accent"),
  };
  probe.remove();
  return palette;
}

/** The colour of an operation or task. */
export function colourOf({ runs, quiet }: Palette, name: number): string {
  return runs[name % runs.length] ?? quiet;
}
