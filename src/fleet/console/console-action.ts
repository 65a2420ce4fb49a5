/** What the console can change, each as the command that does the same. Pure. */
import type { RolloutVerb } from '../usecases/control-rollout.ts';
import type { Row } from './console-rows.ts';

/** A change that an operator asked for and has not confirmed yet. */
export type ConsoleAction =
  | {
      readonly kind: 'switch';
      readonly action: 'on' | 'off';
      /** Null: `--all`. */
      readonly app: string | null;
      readonly host: string | null;
      readonly region: string | null;
    }
  | { readonly kind: 'rollout'; readonly verb: RolloutVerb; readonly release: string; readonly region: string };

/** The key of each change, where a row is chosen. */
export const SWITCH_KEYS: Readonly<Record<string, 'on' | 'off'>> = { o: 'on', f: 'off' };
/** The same for everything in sight: `--all`. */
export const BUTTON_KEYS: Readonly<Record<string, 'on' | 'off'>> = { O: 'on', F: 'off' };
/** The verbs of a release. */
export const RELEASE_KEYS: Readonly<Record<string, RolloutVerb>> = {
  ...{ s: 'start', p: 'pause', r: 'resume', m: 'promote', a: 'abort', u: 'undo' },
};

/** The change that a key means on a row; a text says why it means none. Null: the key is not one of a change. */
export function actionOf(key: string, row: Row | null, region: string | null): ConsoleAction | string | null {
  const everything = BUTTON_KEYS[key];
  if (everything !== undefined) return { kind: 'switch', action: everything, app: null, host: null, region };
  const verb = RELEASE_KEYS[key];
  const action = SWITCH_KEYS[key];
  if (verb === undefined && action === undefined) return null;
  if (row === null) return 'nothing is chosen';
  const { app, host, release } = row.target;
  if (verb !== undefined) {
    if (release === null || row.target.region === null) return `${key} is for a release: 4 shows them`;
    return { kind: 'rollout', verb, release, region: row.target.region };
  }
  if (app !== null) return { kind: 'switch', action: action ?? 'off', app, host, region: row.target.region };
  if (host === null) return 'choose an application first: 2 shows them';
  return 'choose an application first (2, then Enter): a host is switched for one application';
}

/** What has to be typed before it is done. */
export function wordOf(action: ConsoleAction): string {
  if (action.kind === 'rollout') return action.release;
  return action.app ?? 'all';
}

/** The words after `weir` that do the same. */
export function commandOf(action: ConsoleAction, reason: string | null): readonly string[] {
  const tail = [
    ...(action.region === null ? [] : ['--region', action.region]),
    ...(reason === null ? [] : ['--reason', reason]),
  ];
  if (action.kind === 'rollout') return ['fleet', 'rollout', action.verb, action.release, ...tail];
  const { app, host } = action;
  return ['fleet', action.action, app ?? '--all', ...(host === null ? [] : ['--hosts', host]), ...tail];
}

/** The same as one line for a shell. */
export function commandLine(words: readonly string[]): string {
  const quoted = words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  return `weir ${quoted.join(' ')}`;
}
