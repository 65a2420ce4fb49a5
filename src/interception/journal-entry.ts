/** One line of the event log: the change of an application's traffic, its time and its reason. */
export interface JournalEntry {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly app: string;
  /** States as `weir status` prints them. */
  readonly from: string;
  readonly to: string;
  /** The command or part of weir that did it. */
  readonly by: string;
  readonly reason: string | null;
}
