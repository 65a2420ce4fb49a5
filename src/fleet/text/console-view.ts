/** The picture of `weir console`. */
import { Box, Text } from 'ink';
import { createElement as h, type ReactElement } from 'react';
import { alignColumns } from '../../cli/table.ts';
import { humanDuration } from '../../platform/duration.ts';
import { commandLine, commandOf, RELEASE_KEYS, wordOf } from '../console/console-action.ts';
import { headingsOf, type Row, rowsOf, SCREENS } from '../console/console-rows.ts';
import { type ConsoleState, isConfirmed, type Prompt, reasonOf } from '../console/console-state.ts';
import type { FleetStatus } from '../usecases/fleet-status.ts';

/** Everything that is drawn. */
export interface ConsolePicture {
  readonly state: ConsoleState;
  /** Null before the first look. */
  readonly status: FleetStatus | null;
  /** Since the look, in ms. */
  readonly ageMs: number;
  /** Why the last look failed; null when it did not. */
  readonly problem: string | null;
  readonly columns: number;
  readonly rows: number;
}

/** Lines that are no row of the table: two heads, a blank, the headings, and below a blank and five. */
const FRAME_LINES = 10;
/** Commands that are shown below the table. */
const SHOWN_COMMANDS = 2;
const TONES = { good: 'green', caution: 'yellow', bad: 'red' } as const;

/** How many rows of a table a terminal has room for. */
export function pageOf(terminalRows: number): number {
  // One line stays free: a picture as high as the terminal scrolls.
  return Math.max(3, terminalRows - FRAME_LINES - 1);
}

/** The whole screen. */
export function ConsoleView(picture: ConsolePicture): ReactElement {
  const { state, status, columns, problem } = picture;
  const rows = status === null ? [] : rowsOf(status, state);
  return h(
    Box,
    { flexDirection: 'column', width: columns },
    line(headLine(picture), { bold: true }),
    h(Tabs, { state }),
    line(' '),
    ...(status === null
      ? [line(problem ?? 'looking ...', problem === null ? {} : { color: 'red' })]
      : table(rows, picture)),
    line(' '),
    ...foot(picture, rows),
  );
}

function headLine({ status, ageMs, problem }: ConsolePicture): string {
  const regions = status?.regions ?? [];
  const hosts = regions.flatMap((one) => one.hosts);
  const good = hosts.filter(({ state }) => state === 'ok').length;
  const away = regions.filter(({ reachable }) => !reachable).map(({ name }) => name);
  const parts = [
    `weir console   ${regions.length} regions, ${hosts.length} hosts, ${good} as wanted`,
    ...(away.length === 0 ? [] : [`UNREACHABLE: ${away.join(', ')}`]),
    ...(status === null ? [] : [`seen ${humanDuration(ageMs)} ago${problem === null ? '' : ` (${problem})`}`]),
  ];
  return parts.join('   ');
}

function Tabs({ state }: { readonly state: ConsoleState }): ReactElement {
  const where = [state.region ?? 'all regions', ...(state.app === null ? [] : [state.app])].join(' > ');
  const search = state.isSearching || state.search !== '' ? ` /${state.search}${state.isSearching ? '_' : ''} ` : '';
  const wrong = `${state.onlyWrong ? ' wrong only ' : ''}${state.byName ? ' by name ' : ''}`;
  return h(
    Text,
    { wrap: 'truncate-end' },
    ...SCREENS.flatMap((screen, index) => [
      h(Text, { key: screen, inverse: screen === state.screen }, ` ${index + 1} ${screen} `),
      ' ',
    ]),
    // What hides rows comes first: a narrow terminal cuts the end.
    h(Text, { key: 'where', color: 'cyan' }, `${wrong}${search} ${where}`),
  );
}

/** The part of the table around the cursor. */
function table(rows: readonly Row[], { state, rows: height }: ConsolePicture): ReactElement[] {
  const page = pageOf(height);
  const first = Math.max(0, Math.min(state.cursor - Math.floor(page / 2), rows.length - page));
  const shown = rows.slice(first, first + page);
  const [heading = '', ...lines] = alignColumns([headingsOf(state), ...shown.map(({ cells }) => cells)]);
  const drawn = lines.map((text, index) => {
    const isChosen = first + index === state.cursor;
    const tone = shown[index]?.tone ?? 'good';
    return line(`${isChosen ? '>' : ' '} ${text}`, {
      key: `row ${index}`,
      inverse: isChosen,
      ...(tone === 'good' ? {} : { color: TONES[tone] }),
    });
  });
  const none = rows.length === 0 ? [line('  nothing here', { key: 'none', dimColor: true })] : [];
  const blank = Math.max(0, page - drawn.length - none.length);
  return [
    line(`  ${heading}`, { key: 'heading', dimColor: true }),
    ...drawn,
    ...none,
    ...Array.from({ length: blank }, (_, index) => line(' ', { key: `blank ${index}` })),
  ];
}

function foot({ state }: ConsolePicture, rows: readonly Row[]): ReactElement[] {
  const commands = state.ran.slice(-SHOWN_COMMANDS).map(({ line: text, outcome, isGood }, index) =>
    line(`$ ${text}   ${outcome ?? '...'}`, {
      key: `ran ${index}`,
      ...(outcome === null ? {} : { color: isGood ? 'green' : 'red' }),
    }),
  );
  while (commands.length < SHOWN_COMMANDS) commands.unshift(line(' ', { key: `no command ${commands.length}` }));
  if (state.prompt !== null) return [...commands, ...promptLines(state.prompt)];
  const wrong = rows.filter((row) => row.tone !== 'good').length;
  const place =
    rows.length === 0 ? '' : `${state.cursor + 1} of ${rows.length}${wrong === 0 ? '' : `, ${wrong} wrong`}`;
  // The last cell says why; on a narrow terminal it is cut above.
  const { cells = [], tone = 'good' } = rows[state.cursor] ?? {};
  const why = tone === 'good' ? ' ' : `${cells[0]}: ${cells.at(-1)}`;
  return [
    ...commands,
    line(state.message ?? why, { key: 'message', color: 'yellow' }),
    line(keysOf(state), { key: 'keys', dimColor: true }),
    line(`w only what is wrong  n ${state.byName ? 'wrong first' : 'by name'}  R look again  q quit   ${place}`, {
      key: 'more keys',
      dimColor: true,
    }),
  ];
}

function keysOf({ screen }: ConsoleState): string {
  const move = 'up/down  Enter opens  Esc back  / search';
  if (screen === 'releases') {
    const verbs = Object.entries(RELEASE_KEYS).map(([key, verb]) => `${key} ${verb}`);
    return `${verbs.join('  ')}  / search`;
  }
  return `${move}  o on  f off  F all off  O release all`;
}

function promptLines(prompt: Prompt): ReactElement[] {
  const { action, typed } = prompt;
  return [
    line(`will run: ${commandLine(commandOf(action, isConfirmed(prompt) ? reasonOf(prompt) : null))}`, {
      ...{ key: 'will', color: 'cyan' },
    }),
    line(`Type ${wordOf(action)} to confirm; more words are the reason. Esc changes nothing.`, {
      key: 'ask',
    }),
    line(`> ${typed}_`, { key: 'typed', bold: true, color: isConfirmed(prompt) ? 'green' : 'red' }),
  ];
}

function line(text: string, style: Parameters<typeof Text>[0] & { readonly key?: string } = {}): ReactElement {
  return h(Text, { wrap: 'truncate-end', ...style }, text);
}
