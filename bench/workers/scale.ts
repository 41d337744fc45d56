/** How much of everything to do. */
export interface WorkersScale {
  /** Workers killed. */
  readonly kills: number;
  /** Rolling restarts. */
  readonly rolls: number;
  /** Requests per second meanwhile. */
  readonly perSecond: number;
  /** Seconds of calm, and of others having the CPU. */
  readonly calmS: number;
  /** Seconds between scrapes. */
  readonly scrapeS: number;
}
