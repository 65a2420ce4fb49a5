/** A healthy host for tests of checks. */
import type { CheckCategoryName } from '../../src/readiness/check-categories.ts';
import type { CheckFinding } from '../../src/readiness/check-finding.ts';
import type { CheckConfig, CheckHost } from '../../src/readiness/check-host.ts';
import { type CheckReport, runChecks } from '../../src/readiness/run-checks.ts';
import { FakeFacts } from '../fakes/fake-facts.ts';
import { FakeHost, meshOf } from '../fakes/fake-host.ts';
import { MESH } from '../interception/cases.ts';

/** A host in order, to be put out of order by a test. */
export interface CheckCase extends CheckHost {
  readonly facts: FakeFacts;
  readonly intercept: FakeHost;
  config: CheckConfig;
}

/** Makes one, with the applications of MESH. */
export function checkCase(): CheckCase {
  const intercept = new FakeHost();
  const facts = new FakeFacts(() => intercept.nowMs);
  return { facts, intercept, config: { state: 'good', mesh: MESH }, runDir: '/run/weir', stateDir: '/var/lib/weir' };
}

/** A config out of the text of a mesh.yaml. */
export function goodConfig(yaml: string): CheckConfig {
  return { state: 'good', mesh: meshOf(yaml) };
}

/** Checks some categories. */
export function check(host: CheckHost, ...categories: CheckCategoryName[]): Promise<CheckReport> {
  return runChecks(host, { categories, timeoutMs: 1000, observe: () => undefined });
}

/** The findings of one category. */
export async function findings(host: CheckHost, category: CheckCategoryName): Promise<readonly CheckFinding[]> {
  return (await check(host, category)).categories.flatMap(({ checks }) => checks);
}

/** The findings of one category that are not in order, as `result: what`. */
export async function troubles(host: CheckHost, category: CheckCategoryName): Promise<string[]> {
  const all = await findings(host, category);
  return all.filter(({ result }) => result !== 'ok').map(({ result, what }) => `${result}: ${what}`);
}
