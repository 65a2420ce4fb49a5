/** Why a proof failed, in words that are as short for a thousand applications as for one. */

import { namesText } from './meet-hazards.ts';
import type { AppProof } from './prove.ts';
import type { RollBack } from './roll-back.ts';
import type { Judgement } from './surroundings/hazard.ts';

/** The details of proofs, each said once for all applications that it is about. */
export function foldDetails(proofs: readonly AppProof[]): string[] {
  const all = proofs.flatMap(({ name, details }) =>
    details.map((detail) => ({ name, text: detail.startsWith(`${name}: `) ? detail.slice(name.length + 2) : detail })),
  );
  const groups = Map.groupBy(all, ({ text }) => text);
  return [...groups].map(([text, group]) => `${namesText(group.map(({ name }) => name))}: ${text}`);
}

/** The cause of failed proofs and the next step: what the host shows that explains it, else where to look by what failed. */
export function explainFailure(
  failed: readonly AppProof[],
  judged: ReadonlyMap<string, Judgement>,
): Pick<RollBack, 'why' | 'hint' | 'details'> {
  const details = foldDetails(failed);
  const all = failed.flatMap((proof) => proof.details);
  const hazards = failed.flatMap(({ name }) => judged.get(name)?.hazards ?? []);
  const likely = [
    ...new Map(hazards.filter(({ severity }) => severity !== 'note').map((one) => [one.what, one])).values(),
  ];
  if (likely.length > 0)
    return {
      details: all,
      why: [...details, ...likely.map(({ what, why }) => `likely because ${what} (${why})`)],
      hint: [...new Set(likely.map(({ hint }) => hint))].join('; '),
    };
  const unseen = [...new Set(failed.flatMap(({ name }) => judged.get(name)?.unseen ?? []).map(({ about }) => about))];
  const blind = unseen.length === 0 ? '' : `; not looked at: ${unseen.join(', ')}`;
  return { details: all, why: details, hint: `${whereToLook(details.join('\n'))}${blind}` };
}

function whereToLook(details: string): string {
  if (details.includes('still went direct'))
    return 'a rule before ours took the connection, or it was not tracked: `weir check traffic foreign` lists rules of others; then try again';
  if (details.includes('carries mark'))
    return 'another application or program marks the same connections: see `weir status` and `weir check foreign`';
  if (details.includes('would loop'))
    return 'let `user:` or `group:` of the sidecar in mesh.yaml be the account that it runs as; see `weir check traffic`';
  if (details.includes('call from outside'))
    return "a packet filter may let the port in and not the sidecar's inbound port: see `weir check traffic` and the filters of this host";
  return "see the sidecar's listeners and log, and `weir check sidecar traffic`; then try again";
}
