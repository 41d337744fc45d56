/** The target for a figure, and whether it is met. */
export interface Goal {
  readonly what: string;
  readonly figure: number;
  readonly bound: number;
  readonly direction: "at least" | "at most";
  readonly met: boolean;
}

export function atLeast(bound: number, what: string, figure: number): Goal {
  return { what, figure, bound, direction: "at least", met: figure >= bound };
}

export function atMost(bound: number, what: string, figure: number): Goal {
  return { what, figure, bound, direction: "at most", met: figure <= bound };
}

/** The last two cells of a row: the goal, and whether it is met. */
export function goalCells(goal: Goal | undefined, unit: string = ""): [string, string] {
  if (goal === undefined) return ["", ""];
  return [`${goal.direction === "at least" ? "≥" : "≤"} ${goal.bound}${unit}`, goal.met ? "met" : "MISSED"];
}
