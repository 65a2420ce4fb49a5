/** Constants of a Dubbo mesh rule, by which the values of leaves are cut into cells. */
import type { CallLeaf } from '../plan/plan-term.ts';
import type { MeshMatchRequest, MeshStringMatch } from './mesh-rule.ts';
import type { LeafConstants } from './target-model.ts';

/** The leaf that a key of sourceLabels reads. */
export function callerLeaf(key: string): CallLeaf {
  if (key === 'application') return { t: 'callerApp' };
  return key === 'register.ip' ? { t: 'callerHost' } : { t: 'callerParam', key };
}

/** Constants that requests compare a leaf with. */
export function requestConstants(requests: readonly (MeshMatchRequest | null)[], leaf: CallLeaf): LeafConstants {
  const numbers: number[] = [];
  const moduli: number[] = [];
  const matches: MeshStringMatch[] = [];
  const callers: string[] = [];
  const addMatch = (match: MeshStringMatch | null | undefined): void => {
    if (match != null) matches.push(match);
  };
  for (const request of requests) {
    if (leaf.t === 'method') addMatch(request?.method?.name);
    else if (leaf.t === 'attachment') addMatch(request?.attachments?.dubboContext?.get(leaf.key));
    else if (leaf.t === 'arg') {
      for (const argument of request?.method?.args ?? []) {
        if (argument.index !== leaf.index) continue;
        for (const match of argument.text ?? []) addMatch(match);
        for (const match of argument.number ?? []) {
          if (match.mod !== null) moduli.push(Math.abs(match.mod));
          else if (match.exact !== null) numbers.push(match.exact);
          for (const end of [match.range?.start, match.range?.end]) if (typeof end === 'number') numbers.push(end);
        }
      }
    } else {
      for (const [key, value] of request?.sourceLabels ?? []) {
        if (JSON.stringify(callerLeaf(key)) === JSON.stringify(leaf)) callers.push(value);
      }
    }
  }
  const { texts, prefixes, patterns } = textConstants(matches);
  return { texts: [...texts, ...callers], prefixes, patterns, numbers, moduli };
}

/** Constants of tests on one text. */
export function textConstants(matches: readonly (MeshStringMatch | null)[]): LeafConstants {
  const texts: string[] = [];
  const prefixes: string[] = [];
  const patterns: string[] = [];
  for (const match of matches) {
    if (match === null) continue;
    if (match.exact !== null) texts.push(match.exact);
    else if (match.prefix !== null) prefixes.push(match.prefix);
    else if (match.regex !== null) patterns.push(match.regex);
    else if (match.wildcard !== null) texts.push(match.wildcard);
  }
  return { texts, prefixes, patterns, numbers: [], moduli: [] };
}
