/** The live view of `weir fleet status --watch` on a terminal. */
import { Box, render, Text, useWindowSize } from 'ink';
import { createElement as h, type ReactElement } from 'react';
import { paintFor } from '../../cli/paint.ts';
import type { FleetStatus } from '../usecases/fleet-status.ts';
import { fleetStatusText } from './fleet-status-text.ts';

/** A picture that is drawn again in place. */
export interface FleetStatusView {
  draw(status: FleetStatus): void;
  /** The last picture stays on the screen. */
  close(): void;
}

/** Begins the view. */
export function drawFleetStatus(): FleetStatusView {
  const app = render(h(Text, null, 'looking ...'), { exitOnCtrlC: false });
  return {
    draw: (status) => app.rerender(h(StatusPicture, { status, at: new Date() })),
    close: () => app.unmount(),
  };
}

/** The status in as many lines as the terminal has: regions share them. */
function StatusPicture({ status, at }: { readonly status: FleetStatus; readonly at: Date }): ReactElement {
  const { rows } = useWindowSize();
  // The clock has a line, and one stays free.
  const lines = fittingText(status, rows - 2);
  return h(
    Box,
    { flexDirection: 'column' },
    ...lines.map((line, index) => h(Text, { key: index, wrap: 'truncate-end' }, line === '' ? ' ' : line)),
    h(
      Text,
      { dimColor: true },
      `${at.toISOString().slice(11, 19)} UTC   Ctrl-C ends   weir console: all hosts, search`,
    ),
  );
}

/** As many lines of each list as fit together, and at least two. */
function fittingText(status: FleetStatus, rows: number): readonly string[] {
  const textOf = (mostLines: number) => fleetStatusText(status, paintFor('stdout'), mostLines).split('\n');
  let [least, most] = [2, Math.max(2, rows)];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (textOf(middle).length <= rows) least = middle;
    else most = middle - 1;
  }
  return textOf(least).slice(0, Math.max(1, rows));
}
