/** Names of applications in commands and messages. */
import { WeirError } from '../errors/weir-error.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { editDistance } from '../platform/edit-distance.ts';
import type { Situation } from './situation.ts';

/** Every application that mesh.yaml, the state file or the kernel knows, sorted. */
export function appNames(config: MeshConfig | null, situation: Situation | null): string[] {
  return [...new Set([...(config?.apps.keys() ?? []), ...(situation?.apps.keys() ?? [])])].sort();
}

/** More names than this are no help to a reader. */
const MOST_NAMES = 10;

/** Whether a command takes `--all` in the place of names. */
export type TakesAll = 'takes --all' | 'takes no --all';

/** The error for an application that nobody knows, with the name that was most likely meant. */
export function unknownApp(
  name: string,
  known: readonly string[],
  where: string,
  all: TakesAll = 'takes no --all',
): WeirError {
  const near = nearestName(name, known);
  const meant = near === null ? '' : `did you mean ${near}? `;
  return new WeirError('WEIR1010', {
    what: `there is no application ${name}`,
    why: namesText(known, where),
    hint: known.length === 0 ? ADD_ONE : `${meant}${capital(meant, choiceHint('one of these', all))}`,
    details: { known },
  });
}

/** The error for a command that was given neither an application nor --all. */
export function noAppNamed(known: readonly string[], where: string, all: TakesAll = 'takes no --all'): WeirError {
  return new WeirError('WEIR1011', {
    what: 'no application named',
    why: namesText(known, where),
    hint: known.length === 0 ? ADD_ONE : choiceHint('one or more of them', all),
    details: { known },
  });
}

const ADD_ONE = 'add one under `apps:` (see `weir help mesh-yaml`)';

function choiceHint(which: string, all: TakesAll): string {
  return all === 'takes --all' ? `name ${which}, or --all` : `name ${which}, or none for all`;
}

function capital(before: string, text: string): string {
  return before === '' ? text : `Else ${text}`;
}

/** A thousand applications have names of eight kilobytes: the reader gets the first ones and their number. */
function namesText(known: readonly string[], where: string): string {
  if (known.length === 0) return `${where} has no applications`;
  const more = known.length - MOST_NAMES;
  if (more <= 0) return `${where} has: ${known.join(', ')}`;
  return `${where} has ${known.length}: ${known.slice(0, MOST_NAMES).join(', ')} and ${more} more`;
}

/** The known name that a mistyped one most likely meant; null when none is near, or several are equally near. */
function nearestName(typed: string, known: readonly string[]): string | null {
  const most = Math.max(1, Math.floor(typed.length / 3));
  // Thousands of names: only those of about the same length are compared.
  const scored = known
    .filter((name) => typed.length <= 64 && Math.abs(name.length - typed.length) <= most)
    .map((name) => ({ name, slips: editDistance(typed.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.slips - b.slips);
  const [best, second] = scored;
  if (best === undefined || best.slips > most || second?.slips === best.slips) return null;
  return best.name;
}
