/** What happened to all requests. */
export class Tally {
  sent = 0;
  answered = 0;
  /** Hung up on by the soak itself. */
  abandoned = 0;
  readonly byStatus: Map<number, number> = new Map();
  /** Requests without an answer, and wrong answers: what, and how often. */
  readonly lost: Map<string, number> = new Map();

  answer(status: number): void {
    this.answered++;
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
  }

  lose(what: string): void {
    this.lost.set(what, (this.lost.get(what) ?? 0) + 1);
  }

  get lostCount(): number {
    return [...this.lost.values()].reduce((sum, count) => sum + count, 0);
  }
}
