/** The text of state.json: an application a line, under a head by which weir knows its own unchanged text again. */
import { createHash } from 'node:crypto';
import type { StoredState } from '../stored-state.ts';

/**
 * The text as JSON. With a build its first line says which one wrote it, and the hash of the lines below. Readers of any
 * age take the line for a field that they do not know.
 */
export function stateText({ version, apps, ...rest }: StoredState, build: string | null): string {
  const members = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)},\n`);
  const lines = apps.map((app) => JSON.stringify(app)).join(',\n');
  const body = `${members.join('')}"apps":[\n${lines}${lines === '' ? '' : '\n'}]}\n`;
  const written = build === null ? '' : `"written":"${build} ${sha256(body)}",`;
  return `{"version":${version},${written}\n${body}`;
}

/**
 * The state in a text that this build wrote and nobody changed since, which needs no check against the schema: with a
 * thousand applications that takes longer than all else that is read. Null for any other text. Never throws.
 */
export function ownState(text: string, build: string | null): StoredState | null {
  const end = text.indexOf('\n');
  const [, by, hash] =
    /^\{"version":1,"written":"([^" ]+) ([0-9a-f]{64})",$/.exec(text.slice(0, Math.max(0, end))) ?? [];
  if (build === null || by !== build || hash !== sha256(text.slice(end + 1))) return null;
  const { written, ...state } = JSON.parse(text) as StoredState & { written: string };
  return state;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
