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
  const regions = Math.max(1, status.regions.length);
  // A head and a blank a region, the clock, and a line that stays free; the rest is for applications, hosts and objects.
  const mostLines = Math.max(2, Math.floor((rows - 2 - 2 * regions) / regions / 3));
  const lines = fleetStatusText(status, paintFor('stdout'), mostLines)
    .split('\n')
    .slice(0, Math.max(1, rows - 2));
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
