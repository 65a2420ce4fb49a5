/** The console as a pure machine: a key and the rows in sight go in, the next state and what is to be done come out. */
import type { FleetStatus } from '../usecases/fleet-status.ts';
import { actionOf, type ConsoleAction, commandLine, commandOf, wordOf } from './console-action.ts';
import { placeOf, type Row, rowsOf, SCREENS, type Sight } from './console-rows.ts';

/** A change that waits for its word. */
export interface Prompt {
  readonly action: ConsoleAction;
  readonly typed: string;
}

/** A command that was carried out, or is. */
export interface RanCommand {
  readonly line: string;
  /** Null while it is under way. */
  readonly outcome: string | null;
  readonly isGood: boolean;
}

/** Everything but the status itself. */
export interface ConsoleState extends Sight {
  readonly cursor: number;
  readonly isSearching: boolean;
  readonly prompt: Prompt | null;
  readonly message: string | null;
  readonly ran: readonly RanCommand[];
}

/** What the console has to do after a key. */
export type ConsoleEffect =
  | { readonly kind: 'run'; readonly action: ConsoleAction; readonly reason: string | null; readonly line: string }
  | { readonly kind: 'look' }
  | { readonly kind: 'quit' };

/** The first picture. */
export const FIRST_STATE: ConsoleState = {
  ...{ screen: 'regions', region: null, app: null, search: '', onlyWrong: false, byName: false },
  ...{ cursor: 0, isSearching: false, prompt: null, message: null, ran: [] },
};

/** One key: a character, or `up down pageup pagedown home end enter escape backspace tab`. `page` is in rows. */
export function pressKey(
  state: ConsoleState,
  key: string,
  status: FleetStatus,
  page: number,
): { readonly state: ConsoleState; readonly effect: ConsoleEffect | null } {
  const only = (change: Partial<ConsoleState>) => ({ state: { ...state, message: null, ...change }, effect: null });
  if (state.prompt !== null) return typeConfirmation(state, state.prompt, key);
  if (state.isSearching) return only(typeSearch(state, key));
  const rows = rowsOf(status, state);
  const move = (by: number) => only({ cursor: clamp(state.cursor + by, rows.length) });
  switch (key) {
    case 'up':
    case 'k':
      return move(-1);
    case 'down':
    case 'j':
      return move(1);
    case 'pageup':
      return move(-page);
    case 'pagedown':
    case ' ':
      return move(page);
    case 'home':
      return only({ cursor: 0 });
    case 'end':
      return only({ cursor: clamp(rows.length, rows.length) });
    case '/':
      return only({ isSearching: true, search: '', cursor: 0 });
    case 'w':
      return only({ onlyWrong: !state.onlyWrong, cursor: 0 });
    case 'n':
      return only({ byName: !state.byName, cursor: 0 });
    case 'tab':
      return only({ ...screenAt((SCREENS.indexOf(state.screen) + 1) % SCREENS.length) });
    case 'enter':
      return only(enter(state, rows[state.cursor] ?? null));
    case 'escape':
    case 'backspace':
      return only(leave(state));
    case 'R':
      return { state: { ...state, message: null }, effect: { kind: 'look' } };
    case 'q':
      return { state, effect: { kind: 'quit' } };
    default: {
      if (/^[1-4]$/.test(key)) return only(screenAt(Number(key) - 1));
      const action = actionOf(key, rows[state.cursor] ?? null, state.region);
      if (action === null) return { state, effect: null };
      return typeof action === 'string' ? only({ message: action }) : only({ prompt: { action, typed: '' } });
    }
  }
}

/** The cursor stays on its row when another look at the fleet moves that row. */
export function keepChosen(state: ConsoleState, before: FleetStatus, after: FleetStatus): ConsoleState {
  const chosen = rowsOf(before, state)[state.cursor];
  const rows = rowsOf(after, state);
  const cursor = (chosen === undefined ? null : placeOf(chosen, rows)) ?? clamp(state.cursor, rows.length);
  return { ...state, cursor };
}

/** The end of a command that the console carried out. */
export function commandEnded(state: ConsoleState, line: string, outcome: string, isGood: boolean): ConsoleState {
  const at = state.ran.findLastIndex((one) => one.line === line && one.outcome === null);
  return { ...state, ran: state.ran.map((one, index) => (index === at ? { line, outcome, isGood } : one)) };
}

/** The first words after the confirming one are the reason. */
export function reasonOf({ action, typed }: Prompt): string | null {
  const rest = typed.slice(wordOf(action).length).trim();
  return rest === '' ? null : rest;
}

/** Whether what was typed confirms: the word itself, alone or with a reason behind it. */
export function isConfirmed({ action, typed }: Prompt): boolean {
  const word = wordOf(action);
  return typed.trim() === word || typed.startsWith(`${word} `);
}

function typeConfirmation(
  state: ConsoleState,
  prompt: Prompt,
  key: string,
): { readonly state: ConsoleState; readonly effect: ConsoleEffect | null } {
  const typed = typeText(prompt.typed, key);
  if (typed !== null) return { state: { ...state, prompt: { ...prompt, typed } }, effect: null };
  if (key === 'escape') return { state: { ...state, prompt: null, message: 'nothing was changed' }, effect: null };
  if (key !== 'enter') return { state, effect: null };
  if (!isConfirmed(prompt)) {
    const message = `not confirmed (${wordOf(prompt.action)} was to be typed): nothing was changed`;
    return { state: { ...state, prompt: null, message }, effect: null };
  }
  const reason = reasonOf(prompt);
  const line = commandLine(commandOf(prompt.action, reason));
  return {
    state: { ...state, prompt: null, message: null, ran: [...state.ran, { line, outcome: null, isGood: true }] },
    effect: { kind: 'run', action: prompt.action, reason, line },
  };
}

function typeSearch(state: ConsoleState, key: string): Partial<ConsoleState> {
  const search = typeText(state.search, key);
  if (search !== null) return { search, cursor: 0 };
  if (key === 'enter') return { isSearching: false };
  if (key === 'escape') return { isSearching: false, search: '', cursor: 0 };
  return {};
}

/** The text after a key; null when the key is none of a text. */
function typeText(text: string, key: string): string | null {
  if (key === 'backspace') return text.slice(0, -1);
  return [...key].length === 1 && key >= ' ' ? text + key : null;
}

function screenAt(index: number): Partial<ConsoleState> {
  return { screen: SCREENS[index] ?? 'regions', cursor: 0, search: '' };
}

/** From a region to its applications, from an application to its hosts. */
function enter(state: ConsoleState, row: Row | null): Partial<ConsoleState> {
  if (row === null) return { message: 'nothing is chosen' };
  const next = { cursor: 0, search: '' };
  if (state.screen === 'regions') return { ...next, screen: 'applications', region: row.target.region };
  if (state.screen === 'applications') return { ...next, screen: 'hosts', app: row.target.app };
  if (state.screen === 'hosts') return { message: `why: weir fleet explain ${row.target.host ?? ''}` };
  return { message: `its waves: weir fleet rollout status ${row.target.release ?? ''}` };
}

/** Back: first the search, then the way that `enter` went. */
function leave(state: ConsoleState): Partial<ConsoleState> {
  if (state.search !== '') return { search: '', cursor: 0 };
  if (state.screen === 'hosts' && state.app !== null) return { screen: 'applications', app: null, cursor: 0 };
  if (state.region !== null) return { screen: 'regions', region: null, app: null, cursor: 0 };
  return { screen: 'regions', cursor: 0 };
}

function clamp(at: number, count: number): number {
  return Math.max(0, Math.min(at, count - 1));
}
