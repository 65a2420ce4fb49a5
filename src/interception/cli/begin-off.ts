/** The first thing that bin/run.js loads for `weir off`: the switch is under way while the rest is loaded. */
import { listBegunFlows, readStateOfHere, switchFirst } from '../compose-first-switch.ts';
import type { FirstSwitch } from '../first-switch.ts';
import type { BegunFlows } from '../flow-tally.ts';
import type { SeenState } from '../stored-state.ts';
import { type OffLine, readOffLine } from './off-line.ts';

/** A command line of `off` that could be read, and its switch. */
export interface BegunOff {
  readonly line: OffLine;
  readonly seen: SeenState;
  readonly first: Promise<FirstSwitch | null>;
  /** The connections from before the switch. */
  readonly begun: Promise<BegunFlows | null>;
  /** Resolves when the switch was handed to the tools, which comes before everything else; null when it has been. */
  readonly mayGo: Promise<void> | null;
}

/** Null for a line, or a place, that the command itself has to look at; nothing was done then. */
export function beginOff(argv: readonly string[]): BegunOff | null {
  const line = readOffLine(argv, process.env);
  const seen = line === null ? null : readStateOfHere(line.stateDir);
  if (line === null || seen === null) return null;
  const { state } = seen;
  const onWait = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  const { begun, mayGo } = listBegunFlows(state);
  return { line, seen, begun, mayGo, first: switchFirst({ state, apps: line.apps, mayGo, onWait }) };
}
