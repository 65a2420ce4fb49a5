/** Rewrites, after a wanted change of the compiled rules, the golden texts in test/fixtures/rules. Read the difference. */
import { mkdir, writeFile } from 'node:fs/promises';
import { GOLDEN_POLICIES, ruleGoldenText, ruleGoldenUrl } from '../test/interception/rules/rule-golden.ts';

await mkdir(new URL('.', ruleGoldenUrl('x')), { recursive: true });
for (const [name, policy] of Object.entries(GOLDEN_POLICIES)) {
  await writeFile(ruleGoldenUrl(name), ruleGoldenText(policy));
}
