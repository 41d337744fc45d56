/** How much of everything is wanted. */
export interface WorkersScale {
  /** Workers killed. */
  readonly kills: number;
  /** Rolling restarts. */
  readonly rolls: number;
  /** Requests a second meanwhile. */
  readonly perSecond: number;
  /** Seconds of calm, and of others having the CPU. */
  readonly calmS: number;
  /** Seconds from one scrape to the next. */
  readonly scrapeS: number;
}
