/** How much of everything to do. */
export interface JobsScale {
  readonly jobs: number;
  /** Processes killed or replaced. */
  readonly kills: number;
  /** How often each side of a comparison takes its turn. */
  readonly rounds: number;
}
