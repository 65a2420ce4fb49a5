/** Suggestions for mistyped flags and commands. */
import { editDistance } from '../platform/edit-distance.ts';

/** How many letters a typed name may be off and still be offered. */
const NEAR = 2;

/** Words that other tools have for what weir's commands do. */
const MEANT: Readonly<Record<string, string>> = {
  activate: 'on',
  deactivate: 'off',
  disable: 'off',
  doctor: 'check',
  down: 'off',
  enable: 'on',
  history: 'sidecar history',
  info: 'status',
  list: 'status',
  logs: 'sidecar history',
  log: 'sidecar history',
  ls: 'status',
  ps: 'status',
  remove: 'uninstall',
  rollback: 'sidecar rollback',
  run: 'sidecar run',
  show: 'status',
  start: 'on',
  stop: 'off',
  test: 'verify',
  up: 'on',
  upgrade: 'sidecar upgrade',
  version: '--version',
};

/** The name that a mistyped one most likely meant, or undefined if none is near. */
export function findClosestName(typed: string, names: readonly string[]): string | undefined {
  return nearest(names.map((name) => ({ name, off: editDistance(typed, name) })));
}

/**
 * The command line that a mistyped one most likely meant, or undefined. Words of other tools come first: `stop payment`
 * means `off payment`. Else it compares as many words as the command's name has: `sidecar upgrad main` means
 * `sidecar upgrade`.
 */
export function findClosestCommand(words: readonly string[], names: readonly string[]): string | undefined {
  const [first = '', ...rest] = words;
  const meant = Object.hasOwn(MEANT, first) ? MEANT[first] : undefined;
  if (meant === '--version') return meant;
  // Its argument was an application more likely than a sidecar.
  if (meant === 'sidecar history') return `${meant} NAME`;
  if (meant !== undefined && names.includes(meant)) return [meant, ...rest].join(' ');
  return nearest(
    names.map((name) => ({ name, off: editDistance(words.slice(0, name.split(' ').length).join(' '), name) })),
  );
}

function nearest(candidates: readonly { name: string; off: number }[]): string | undefined {
  return candidates.toSorted((a, b) => a.off - b.off).find(({ name, off }) => off <= NEAR && off < name.length)?.name;
}
