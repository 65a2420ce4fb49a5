/** Machine groups of HSF without known members. A label that their owner puts on them stands for the group. */
import { hash } from 'node:crypto';
import type { ProviderPredicate } from '../../plan/route-plan.ts';

/**
 * Prefix of labels that weir makes up. Documents read them as parameters of the provider, and an operator must set
 * them.
 */
export const LABEL_PREFIX = 'weir.io/';

/** The value of such a label. */
export const LABEL_VALUE = 'true';

/** The label of a machine group: `weir.io/pets_host_c`; digits of the name follow where letters were lost. */
export function machineGroupLabel(name: string): string {
  const slug = name
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[-_.]+|[-_.]+$/g, '')
    .slice(0, 40);
  if (slug === name) return `${LABEL_PREFIX}${slug}`;
  const digits = hash('sha256', name).slice(0, 6);
  return `${LABEL_PREFIX}${slug === '' ? 'group' : slug}-${digits}`;
}

/** The providers that have the label of a machine group. */
export function machineGroupPredicate(name: string): ProviderPredicate {
  const values = [{ t: 'java.lang.String', v: LABEL_VALUE }];
  return { p: 'test', term: { t: 'param', key: machineGroupLabel(name) }, test: { op: 'eq', values } };
}
