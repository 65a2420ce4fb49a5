/** `weir console`: keys of a terminal in, pictures out, changes by the use cases of `weir fleet`. */
import { render, useInput, useWindowSize } from 'ink';
import { createElement as h, type ReactElement, useState } from 'react';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { ConsoleAction } from '../console/console-action.ts';
import {
  type ConsoleEffect,
  type ConsoleState,
  commandEnded,
  FIRST_STATE,
  keepChosen,
  pressKey,
} from '../console/console-state.ts';
import { controlRollout } from '../usecases/control-rollout.ts';
import type { FleetPorts } from '../usecases/fleet.ts';
import { type FleetStatus, fleetStatus } from '../usecases/fleet-status.ts';
import { switchFleet } from '../usecases/switch-apps.ts';
import { ConsoleView, pageOf } from './console-view.ts';
import { switchedText } from './switched-text.ts';

/** The fleet is read so often, in ms; more rarely where reading takes long. */
const LOOK_MS = 2_000;
/** The picture is drawn anew so often, in ms, so that the age of the look is true. */
const TICK_MS = 1_000;
/** Reading may take such a share of the time. */
const LOOK_SHARE = 5;
const PLAIN = {
  ...{ good: String, caution: String, bad: String, strong: String, faint: String },
};

/** What the console works with. */
export interface ConsoleSetting {
  readonly fleet: FleetPorts;
  readonly regions: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

interface World {
  readonly status: FleetStatus | null;
  readonly lookedAt: number;
  readonly problem: string | null;
}

/** Runs until `q`, Ctrl-C or the signal; resolves to the commands that were carried out. */
export async function runConsole({ fleet, regions, signal }: ConsoleSetting): Promise<ConsoleState['ran']> {
  let state = FIRST_STATE;
  let world: World = { status: null, lookedAt: fleet.now(), problem: null };
  const quit = new AbortController();
  const ended = AbortSignal.any([signal, quit.signal]);
  let wake = Promise.withResolvers<void>();
  const press = (key: string, page: number): void => {
    if (key === 'ctrl-c') {
      quit.abort();
      return;
    }
    const next = pressKey(state, key, world.status ?? { regions: [] }, page);
    state = next.state;
    if (next.effect !== null) carryOut(next.effect);
    draw();
  };
  const carryOut = (effect: ConsoleEffect): void => {
    if (effect.kind === 'quit') quit.abort();
    if (effect.kind === 'look') wake.resolve();
    if (effect.kind !== 'run') return;
    void runAction(fleet, effect, signal).then(({ outcome, isGood }) => {
      state = commandEnded(state, effect.line, outcome, isGood);
      wake.resolve();
      draw();
    });
  };
  const picture = () => h(Live, { state, world, ageMs: Math.max(0, fleet.now() - world.lookedAt), press });
  const app = render(picture(), { exitOnCtrlC: false, alternateScreen: true, incrementalRendering: true });
  const draw = (): void => {
    if (!ended.aborted) app.rerender(picture());
  };
  const ticks = setInterval(draw, TICK_MS);
  try {
    while (!ended.aborted) {
      const began = fleet.now();
      const seen = await look(fleet, regions, world);
      if (world.status !== null && seen.status !== null) state = keepChosen(state, world.status, seen.status);
      world = seen;
      draw();
      const pause = Math.max(LOOK_MS, LOOK_SHARE * (fleet.now() - began));
      const waiting = new AbortController();
      const slept = fleet.sleep(pause, AbortSignal.any([ended, waiting.signal])).catch(() => undefined);
      await Promise.race([slept, wake.promise]);
      waiting.abort();
      wake = Promise.withResolvers();
    }
  } finally {
    clearInterval(ticks);
    app.unmount();
    await app.waitUntilExit();
  }
  return state.ran;
}

async function look(fleet: FleetPorts, regions: readonly string[] | undefined, before: World): Promise<World> {
  try {
    const { result } = await fleetStatus(fleet, { app: null, regions });
    return { status: result, lookedAt: fleet.now(), problem: null };
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    return { ...before, problem: messageOf(error) };
  }
}

/** Carries a change out as the command would; its end in a few words. Never rejects. */
export async function runAction(
  fleet: FleetPorts,
  { action, reason }: { readonly action: ConsoleAction; readonly reason: string | null },
  signal: AbortSignal,
): Promise<{ readonly outcome: string; readonly isGood: boolean }> {
  const regions = action.region === null ? undefined : [action.region];
  try {
    if (action.kind === 'rollout') {
      const { verb, release } = action;
      const { rollouts, warnings } = await controlRollout(fleet, { verb, release, regions, reason });
      const states = rollouts.map(({ region, state }) => `${state} in ${region}`);
      return { outcome: [...states, ...warnings].join(', '), isGood: warnings.length === 0 };
    }
    const { result, isWhole, warnings } = await switchFleet(fleet, {
      ...{ action: action.action, apps: action.app === null ? 'all' : [action.app], regions, reason, signal },
      ...{ hosts: action.host === null ? [] : [action.host], percent: null, until: null, dryRun: false, waitMs: null },
    });
    const [first = ''] = switchedText(result, PLAIN).split('\n');
    return { outcome: warnings[0] ?? first, isGood: isWhole && warnings.length === 0 };
  } catch (error) {
    return { outcome: messageOf(error), isGood: false };
  }
}

interface LiveProps {
  readonly state: ConsoleState;
  readonly world: World;
  readonly ageMs: number;
  readonly press: (key: string, page: number) => void;
}

function Live({ state, world, ageMs, press }: LiveProps): ReactElement {
  const { columns, rows } = useWindowSize();
  const [page, setPage] = useState(pageOf(rows));
  if (page !== pageOf(rows)) setPage(pageOf(rows));
  useInput((input, key) => {
    for (const one of keysOf(input, key)) press(one, page);
  });
  const { status, problem } = world;
  return h(ConsoleView, { state, status, ageMs, problem, columns, rows });
}

/** The names of the keys that a terminal sent; typed fast, several characters come at once. */
function keysOf(input: string, key: Parameters<Parameters<typeof useInput>[0]>[1]): readonly string[] {
  if (key.ctrl) return input === 'c' ? ['ctrl-c'] : [];
  const named: readonly (readonly [boolean, string])[] = [
    ...([
      [key.upArrow, 'up'],
      [key.downArrow, 'down'],
      [key.pageUp, 'pageup'],
      [key.pageDown, 'pagedown'],
    ] as const),
    ...([
      [key.return, 'enter'],
      [key.escape, 'escape'],
      [key.tab, 'tab'],
      [key.home, 'home'],
    ] as const),
    ...([
      [key.end, 'end'],
      [key.backspace || key.delete, 'backspace'],
    ] as const),
  ];
  const found = named.find(([isPressed]) => isPressed);
  return found === undefined ? [...input].map((one) => (one === '\r' ? 'enter' : one)) : [found[1]];
}
