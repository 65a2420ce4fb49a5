/** Reads the fixture rules with the recorded answers of real engines. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CaseFile, parseCaseFile, type RoutingCall } from '../../src/rules/case-file.ts';
import type { EvaluatedCall } from '../../src/rules/evaluate-documents.ts';
import { presentProviders } from '../../src/rules/plan/evaluate-plan.ts';

const ROOT = fileURLToPath(new URL('../fixtures/groovy/', import.meta.url));

/** A folder of test/fixtures/groovy: a legacy rule and what the real engines gave for its calls. */
export interface FixtureCase {
  readonly id: string;
  readonly path: string;
  readonly text: string;
  readonly known: CaseFile;
}

/** All fixture cases, in order. */
export function fixtureCases(): FixtureCase[] {
  return readdirSync(ROOT)
    .filter((name) => statSync(join(ROOT, name)).isDirectory())
    .sort()
    .map((id) => {
      const file = join(ROOT, id, 'case.json');
      const known = parseCaseFile(readFileSync(file, 'utf8'), file);
      const path = join(ROOT, id, known.file ?? 'rule.groovy');
      return { id, path, text: readFileSync(path, 'utf8'), known };
    });
}

/** How an answer compares with what the real engine gave for the call. */
export function judgeAnswer(line: EvaluatedCall, call: RoutingCall, known: CaseFile): 'equal' | 'refused' | 'wrong' {
  if (line.outcome === 'REFUSED') return 'refused';
  const { expect } = call;
  if (call.expectOneOf !== undefined) {
    const parts = line.choices ?? (line.providers === undefined ? [] : [{ providers: line.providers, share: 1 }]);
    const close = call.expectOneOf.every(({ expect: wanted, share }) =>
      parts.some((part) => same(part.providers, wanted as string[]) && Math.abs(part.share - share) < 0.03),
    );
    return close && parts.length === call.expectOneOf.length ? 'equal' : 'wrong';
  }
  if (Array.isArray(expect)) return line.providers !== undefined && same(line.providers, expect) ? 'equal' : 'wrong';
  if (expect === 'ALL(ignored)') {
    const all = presentProviders(call, known.providers).map((provider) => provider.id);
    return line.providers !== undefined && same(line.providers, all) ? 'equal' : 'wrong';
  }
  return line.outcome === expect ? 'equal' : 'wrong';
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return [...left].sort().join(',') === [...right].sort().join(',');
}
