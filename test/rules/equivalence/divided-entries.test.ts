/** Documents that leave to the script what a conversion of today decides. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { convertPlan } from '../../../src/rules/convert-plan.ts';
import { loadTargetModel } from '../../../src/rules/models/load-model.ts';
import { isVerified } from '../../../src/rules/usecases/verify-rules.ts';
import { verifyDocuments } from '../../../src/rules/verify-documents.ts';
import { SAMPLE_PROVIDERS, SAMPLE_SERVICE } from '../../fakes/arbitrary-plan.ts';
import { mutantCase } from '../../oracle/dubbo/mutant-trial.ts';
import { mutateDocuments } from '../../oracle/dubbo/mutate-documents.ts';

/** The first generated plan of which the real router showed it. */
const SEED = 1_795_998_122;
const PLACE = 261;
const ACCEPTED = new Set(['WR041']);

describe('documents in which an entry that leaves calls to the script was made wider', () => {
  it('do not have the rule whose calls it takes, though one of them would be left anyway', () => {
    const one = fc.sample(mutantCase, { numRuns: PLACE + 1, seed: SEED })[PLACE];
    assert.ok(one !== undefined);
    const providers = one.isRegistryKnown ? SAMPLE_PROVIDERS : [];
    const request = {
      ...({ plan: one.plan, name: 'sample', target: 'dubbo-mesh', version: 'and-match' } as const),
      ...{ services: [SAMPLE_SERVICE], providers, accepted: ACCEPTED },
    } as const;
    const { text, labels } = convertPlan(request);
    assert.ok(text !== null);
    const verified = (changed: string): string[] => {
      const loading = loadTargetModel('dubbo-mesh', 'and-match', changed);
      assert.ok(loading.ok);
      const documents = { model: loading.model, labels, generated: true };
      const { rules } = verifyDocuments({ ...request, documents, watch: () => undefined });
      return rules.flatMap((rule) => (isVerified(rule) && rule.state === 'converted' ? [rule.id] : []));
    };
    assert.deepEqual(verified(text), ['r2']);
    const changed = one.seeds.flatMap((seed) => mutateDocuments(text, seed) ?? []);
    const wider = changed.filter(({ what }) => what.startsWith('item 1 of routedetail first'));
    assert.equal(wider.length, 1);
    for (const mutant of wider) assert.deepEqual(verified(mutant.text), []);
  });
});
