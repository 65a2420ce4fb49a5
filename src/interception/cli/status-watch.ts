/** The live view of `weir status --watch`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Box, render, Text } from 'ink';
import { createElement as h, type ReactElement } from 'react';
import { paintFor } from '../../cli/paint.ts';
import type { SamePlace } from '../../cli/same-place.ts';
import { terminalColumns } from '../../cli/terminal.ts';
import type { StatusReport } from '../report-status.ts';
import type { Warned } from '../switch-result.ts';
import { statusText } from './status-text.ts';

/** The inputs of the live view. */
export interface StatusWatch {
  readonly look: () => Promise<Warned<StatusReport>>;
  readonly intervalMs: number;
  /** Completes the commands that are recommended. */
  readonly samePlace: SamePlace;
  /** Ends the view. */
  readonly signal: AbortSignal;
}

/** Draws the status again and again in place until the signal; the last picture stays on the screen. */
export async function watchStatus({ look, intervalMs, samePlace, signal }: StatusWatch): Promise<void> {
  const app = render(h(StatusView, { report: null, warnings: [], at: new Date(), samePlace }), { exitOnCtrlC: false });
  try {
    while (!signal.aborted) {
      const { result, warnings } = await look();
      app.rerender(h(StatusView, { report: result, warnings, at: new Date(), samePlace }));
      await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    app.unmount();
  }
}

interface StatusViewProps {
  readonly report: StatusReport | null;
  readonly warnings: readonly string[];
  readonly at: Date;
  readonly samePlace: SamePlace;
}

function StatusView({ report, warnings, at, samePlace }: StatusViewProps): ReactElement {
  const text =
    report === null
      ? 'looking ...'
      : statusText(report, paintFor('stdout'), { columns: terminalColumns(), samePlace, nowMs: at.getTime() });
  return h(
    Box,
    { flexDirection: 'column' },
    h(Text, null, text),
    ...warnings.map((warning) => h(Text, { key: warning, color: 'yellow' }, `warning: ${samePlace(warning)}`)),
    h(Text, { dimColor: true }, `${at.toISOString().slice(11, 19)} UTC   Ctrl-C ends`),
  );
}
