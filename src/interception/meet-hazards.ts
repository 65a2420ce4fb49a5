/** The reaction of `weir on` to hazards: it refuses them, or reports them. */
import { WeirError } from '../errors/weir-error.ts';
import type { Hazard, HazardId, Judgement } from './surroundings/hazard.ts';

/** Hazards of one kind, said once for all applications that they concern. */
export interface SharedHazard {
  readonly hazard: Hazard;
  readonly apps: readonly string[];
}

/** As many names as a reader still reads. */
const MOST_NAMES = 5;

/**
 * Refuses hazards that were not accepted, and resolves to warnings for the rest: accepted hazards, possible ones, and
 * failed looks. The same hazard of a thousand applications is one line.
 * @throws WeirError WEIR3015, exit 3, with the literal flags in its hint
 */
export function meetHazards(judged: ReadonlyMap<string, Judgement>, isAccepted: (id: HazardId) => boolean): string[] {
  const shared = shareHazards(judged);
  const refused = shared.filter(({ hazard }) => hazard.severity === 'refuse' && !isAccepted(hazard.id));
  if (refused.length > 0) throw refusal(refused);
  const said = shared.filter(({ hazard }) => hazard.severity !== 'note');
  return [
    ...said.map(({ hazard, apps }) => `${namesText(apps)}: ${hazard.what}; ${hazard.why}; ${hazard.hint}`),
    ...unseenLines(judged),
  ];
}

/** Hazards by their words, with the applications that they concern. */
export function shareHazards(judged: ReadonlyMap<string, Judgement>): SharedHazard[] {
  const all = [...judged].flatMap(([app, { hazards }]) => hazards.map((hazard) => ({ app, hazard })));
  const groups = Map.groupBy(all, ({ hazard }) => `${hazard.id} ${hazard.severity} ${hazard.what} ${hazard.hint}`);
  return [...groups.values()].flatMap((group) =>
    group[0] === undefined ? [] : [{ hazard: group[0].hazard, apps: group.map(({ app }) => app) }],
  );
}

/** The places that could not be looked at, a line each, for all applications together. */
export function unseenLines(judged: ReadonlyMap<string, Judgement>): string[] {
  const all = [...judged.values()].flatMap(({ unseen }) => unseen);
  return [...new Set(all.map(({ about, why }) => `could not look at ${about}: ${why}`))];
}

function refusal(refused: readonly SharedHazard[]): WeirError {
  const [first, ...rest] = refused as [SharedHazard, ...SharedHazard[]];
  const flags = [...new Set(refused.map(({ hazard }) => `--accept-risk ${hazard.id}`))].join(' ');
  const others = rest.map(({ hazard, apps }) => `${namesText(apps)}: ${hazard.what}: ${hazard.why}`);
  const also = others.length === 0 ? '' : `. Also: ${others.join('. ')}`;
  const hints = [...new Set(refused.map(({ hazard }) => hazard.hint))].join('; ');
  return new WeirError('WEIR3015', {
    what: `${namesText(first.apps)}: ${first.hazard.what}`,
    why: `${first.hazard.why}${also}; nothing was changed`,
    hint: `${hints}; or say that you mean it: ${flags}`,
    details: {
      risk: first.hazard.id,
      hazards: refused.map(({ hazard, apps }) => ({ id: hazard.id, what: hazard.what, apps })),
    },
  });
}

/** Names for a line: the first ones and their number. */
export function namesText(names: readonly string[]): string {
  if (names.length <= MOST_NAMES) return names.join(', ');
  return `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`;
}
