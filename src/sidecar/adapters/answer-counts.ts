/** The number of requests that an Envoy has answered, by its own counters. */
import type { AdminAddress } from '../../mesh/mesh-config.ts';
import type { AnswerCounts } from '../machine/judge-answers.ts';
import { askAdmin } from './envoy-admin.ts';

const FILTER = encodeURIComponent('^http\\..*\\.downstream_rq_(completed|5xx)$');

/** All HTTP listeners together, the admin left out; null when the admin does not answer. */
export async function countAnswers(admin: AdminAddress, timeoutMs: number): Promise<AnswerCounts | null> {
  const answer = await askAdmin(admin, `/stats?filter=${FILTER}`, { timeoutMs });
  if (answer === null || answer.status !== 200) return null;
  const counters = [...answer.body.matchAll(/^http\.(.+)\.downstream_rq_(\w+): (\d+)$/gm)];
  const sum = (wanted: string) =>
    counters
      .filter(([, prefix, kind]) => prefix !== 'admin' && kind === wanted)
      .reduce((total, [, , , value]) => total + Number(value), 0);
  return { completed: sum('completed'), failed: sum('5xx') };
}
