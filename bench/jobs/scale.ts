/** How much of everything is wanted. */
export interface JobsScale {
  readonly jobs: number;
  /** Processes killed, or replaced. */
  readonly kills: number;
  /** How often each side of a comparison takes its turn. */
  readonly rounds: number;
}
