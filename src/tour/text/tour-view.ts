/** The tour as a live view on a terminal. */
import { Box, render, Static, Text } from 'ink';
import { createElement as h, type ReactElement, useEffect, useState } from 'react';
import { paintFor } from '../../cli/paint.ts';
import type { WalkedStep } from '../walk-tour.ts';
import { tourStepLines } from './tour-text.ts';

const FRAMES = ['-', '\\', '|', '/'];
const FRAME_MS = 120;

/** A live view of the tour: finished steps stay above, the running one turns below. */
export interface TourView {
  readonly begin: (index: number, title: string) => void;
  readonly finish: (index: number, step: WalkedStep) => void;
  readonly close: () => void;
}

/** Draws the tour on a terminal. */
export function drawTour(heading: string): TourView {
  let done: readonly { index: number; step: WalkedStep }[] = [];
  let running: string | null = 'making namespaces and starting Envoy';
  const app = render(h(TourPicture, { heading, done, running }), { exitOnCtrlC: false });
  const draw = (): void => app.rerender(h(TourPicture, { heading, done, running }));
  return {
    begin: (index, title) => {
      running = `${index + 1}. ${title}`;
      draw();
    },
    finish: (index, step) => {
      done = [...done, { index, step }];
      running = null;
      draw();
    },
    close: () => {
      running = null;
      draw();
      app.unmount();
    },
  };
}

interface TourPictureProps {
  readonly heading: string;
  readonly done: readonly { readonly index: number; readonly step: WalkedStep }[];
  readonly running: string | null;
}

function TourPicture({ heading, done, running }: TourPictureProps): ReactElement {
  const paint = paintFor('stdout');
  const items = [
    { key: 'heading', text: `${heading}\n` },
    ...done.map(({ index, step }) => ({ key: String(index), text: tourStepLines(index, step, paint).join('\n') })),
  ];
  return h(
    Box,
    { flexDirection: 'column' },
    // biome-ignore lint/correctness/noChildrenProp: the child of Static is a function, which createElement's types refuse
    h(Static<(typeof items)[number]>, { items, children: (item) => h(Text, { key: item.key }, item.text) }),
    running === null ? null : h(Running, { title: running }),
  );
}

function Running({ title }: { readonly title: string }): ReactElement {
  const [frame, setFrame] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setFrame((last) => (last + 1) % FRAMES.length), FRAME_MS);
    return () => clearInterval(timer);
  }, []);
  return h(Text, null, h(Text, { color: 'cyan' }, ` ${FRAMES[frame]}   `), title);
}
