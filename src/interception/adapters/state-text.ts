/** The text of state.json: an application a line, under a head by which weir knows its own unchanged text again. */
import * as zlib from 'node:zlib';
import type { SeenState, StoredState } from '../stored-state.ts';

/**
 * The text as JSON. With a build its first line says which one wrote it, and the checksum of the lines below. Readers of any
 * age take the line for a field that they do not know.
 */
export function stateText({ version, apps, ...rest }: StoredState, build: string | null): string {
  const members = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)},\n`);
  const lines = apps.map((app) => JSON.stringify(app)).join(',\n');
  const body = `${members.join('')}"apps":[\n${lines}${lines === '' ? '' : '\n'}]}\n`;
  const sum = build === null ? null : checksum(body);
  const written = sum === null ? '' : `"written":"${build} ${sum}",`;
  return `{"version":${version},${written}\n${body}`;
}

/**
 * The state in a text that this build wrote and nobody changed since, which needs no check against the schema: with a
 * thousand applications that takes longer than all else that is read. Null for any other text. Never throws. `seen` was
 * parsed before; it counts for exactly its text.
 */
export function ownState(text: string, build: string | null, seen: SeenState | null = null): StoredState | null {
  const end = text.indexOf('\n');
  const [, by, sum] =
    /^\{"version":1,"written":"([^" ]+) ([0-9]+ [0-9a-f]+)",$/.exec(text.slice(0, Math.max(0, end))) ?? [];
  if (build === null || by !== build || sum === undefined || sum !== checksum(text.slice(end + 1))) return null;
  const parsed = seen?.text === text ? seen.state : JSON.parse(text);
  const { written, ...state } = parsed as StoredState & { written: string };
  return state;
}

/**
 * Length and CRC-32 of a text, null before Node 22.2. It tells of a hand or a disk that changed the file, and of nobody who
 * means to deceive: who may write the file may write any state. A cryptographic hash takes longer to load than the switch.
 */
function checksum(text: string): string | null {
  return 'crc32' in zlib ? `${text.length} ${zlib.crc32(text).toString(16)}` : null;
}
