/** All judges in one list, for `weir on` and `weir check` alike. */
import type { Judgement } from './hazard.ts';
import type { AppInQuestion, HazardFacts } from './hazard-facts.ts';
import { judgeAccounts } from './judge-accounts.ts';
import { judgeFilters } from './judge-filters.ts';
import { judgeRouting } from './judge-routing.ts';
import { judgeScope } from './judge-scope.ts';
import { judgeTracking } from './judge-tracking.ts';
import { judgeTransparent } from './judge-transparent.ts';

const JUDGES = [judgeScope, judgeAccounts, judgeFilters, judgeTracking, judgeRouting, judgeTransparent];

/** The hazards that separate the proof from the traffic of one application; refusals first. */
export function judgeApp(app: AppInQuestion, facts: HazardFacts): Judgement {
  const judged = JUDGES.map((judge) => judge(app, facts));
  const order = { refuse: 0, warn: 1, note: 2 };
  return {
    hazards: judged.flatMap(({ hazards }) => hazards).sort((a, b) => order[a.severity] - order[b.severity]),
    unseen: judged.flatMap(({ unseen }) => unseen),
  };
}
