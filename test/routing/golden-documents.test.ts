import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { convertPlan } from '../../src/routing/convert-plan.ts';
import { targetVersion } from '../../src/routing/targets/lower.ts';
import { planRuleFile } from '../../src/usecases/rules/plan-rule-file.ts';
import { fixtureCases } from '../fakes/fixture-cases.ts';

// WEIR_UPDATE_GOLDEN=1 writes them again after a wanted change.
const update = process.env.WEIR_UPDATE_GOLDEN === '1';

describe('documents as they were reviewed', () => {
  for (const prefix of ['06', '17', '23']) {
    for (const target of ['dubbo-mesh', 'istio'] as const) {
      const fixture = fixtureCases().find((candidate) => candidate.id.startsWith(prefix));
      it(`${fixture?.id}: the ${target} text`, () => {
        assert.ok(fixture);
        const { id, path, text, known } = fixture;
        const { plan } = planRuleFile(path, text, known);
        const { providers, services } = known;
        const version = targetVersion(target, undefined);
        const converted = convertPlan({
          plan,
          name: 'rule',
          target,
          version,
          services,
          providers,
          accepted: new Set(),
        });
        const labels = JSON.stringify(converted.labels, null, 2);
        const found = `${converted.text ?? 'no documents\n'}# labels\n${labels}\n`;
        const golden = new URL(`../fixtures/rules/${id}.${target}.golden`, import.meta.url);
        if (update) writeFileSync(golden, found);
        assert.equal(found, readFileSync(golden, 'utf8'));
      });
    }
  }
});
