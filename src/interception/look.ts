/** The rule that a command must have searched every place before it reports something as off, direct or missing. */
import { WeirError } from '../errors/weir-error.ts';
import type { InterceptHost } from './host.ts';
import type { Elsewhere, Situation } from './situation.ts';

/** The words of tools and files to a user without rights. */
const DENIED = /not permitted|ermission denied|EACCES|EPERM|must be root/;

/** Whether it was a right that was missing. */
export function isDenied(why: string): boolean {
  return DENIED.test(why);
}

/**
 * Whether "not found" means "not there": the state file could be read, or there is none, and so could each back end that
 * may hold rules of weir. One that is remembered, or holds rules, is the only one (it is chosen once).
 */
export function isFullLook({ storeProblem, blind, backend }: Situation): boolean {
  return storeProblem === null && (backend === null ? blind.size === 0 : !blind.has(backend));
}

/** Why the rules of the remembered back end could not be read; null when they could, or none is remembered. */
export function unreadRules({ blind, backend }: Situation): string | null {
  return backend === null ? null : (blind.get(backend) ?? null);
}

/**
 * Refuses to conclude that these applications are off because nothing of them was found; no names means everything.
 * Found rules need no full search.
 * @throws WeirError WEIR3040, exit 3
 */
export function refuseBlindness(situation: Situation, names: readonly string[], command: string): void {
  const isFound = (name: string): boolean => situation.apps.has(name);
  if (isFullLook(situation) || (names.length > 0 ? names.every(isFound) : situation.apps.size > 0)) return;
  const whom = names.filter((name) => !isFound(name)).join(', ');
  throw new WeirError('WEIR3040', {
    what: `whether ${whom === '' ? 'anything' : whom} is on cannot be told from here`,
    why: reasons(situation).join('; '),
    hint: hintFor(situation, command),
  });
}

/** One reason each; a right that is missing everywhere is said once. */
function reasons({ blind, storeProblem }: Situation): string[] {
  const backends = [...blind.keys()].join(', ');
  const mayNot = [...blind.values()].every(isDenied);
  const kernel =
    blind.size > 1 && mayNot
      ? [`the rules of ${backends} may not be read: Operation not permitted`]
      : [...blind].map(([backend, why]) => `${backend}: ${why}`);
  return storeProblem === null ? kernel : [...kernel, storeProblem];
}

function hintFor({ blind, storeProblem }: Situation, command: string): string {
  const said = [...blind.values(), storeProblem ?? ''].join(' ');
  if (isDenied(said)) return `run it as root: \`sudo ${command}\``;
  const missing = [...blind].flatMap(([backend, why]) => (why.includes('is missing') ? [backend] : []));
  if (missing.includes('nft')) return 'install the package nftables, so that weir can look, and run it again';
  if (missing.length > 0) return 'install the package iptables, so that weir can look, and run it again';
  return 'mend what stands in the way and run it again; `sh off.sh` in the run directory sends traffic direct';
}

/** Whether the only places that could not be searched are those of tools that are not installed. */
export function lacksOnlyTools({ storeProblem, unread }: Situation): boolean {
  return storeProblem === null && unread.size === 0;
}

/** The places that could not be searched, in words for a warning; empty when there are none. */
export function blindSpots({ blind }: Situation): string[] {
  return [...blind].map(([backend, why]) => `${backend} could not be looked at: ${why}`);
}

/**
 * Refuses to judge by this namespace what was switched on in another one.
 * @throws WeirError WEIR3041, exit 3
 */
export function refuseElsewhere(host: InterceptHost, { elsewhere }: Situation, command: string): void {
  if (elsewhere === null) return;
  const { id, cookie } = elsewhere;
  const file = id === null ? null : host.findNamespace({ id, cookie });
  throw new WeirError('WEIR3041', {
    what: `what is on was switched on in another network namespace: ${namespaceName(elsewhere)}`,
    why:
      elsewhere.id !== null && file === null
        ? 'no process and no name of that namespace is found from here; what is seen here says nothing about it'
        : 'what is seen here says nothing about it, and nothing was changed',
    hint: hintElsewhere(elsewhere, file, command),
  });
}

function hintElsewhere({ netns, id }: Elsewhere, file: string | null, command: string): string {
  if (file !== null) return `go there: \`${command} --netns ${file}\``;
  if (id === null && netns !== '') return `go there: \`${command} --netns ${netns}\``;
  if (id === null) return `run \`${command}\` in the namespace in which it was switched on`;
  return 'run it where that namespace is seen (the host, as root). If its container is gone, so are its rules: then remove the state directory';
}

/** The name of a namespace in messages: its number, and the --netns by which it was found. */
export function namespaceName({ netns, id }: Elsewhere): string {
  const number = id === null ? '' : `net:[${id.split(':')[1]}]`;
  if (netns === '') return number === '' ? 'the namespace weir was started in' : number;
  return number === '' ? `--netns ${netns}` : `--netns ${netns}, ${number}`;
}
