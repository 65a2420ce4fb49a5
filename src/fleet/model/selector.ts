/** Which hosts an object speaks of; every reader computes the same. */
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { noteField } from '../../mesh/yaml/schema-field.ts';
import { labelsField, lineField, listField, numberField } from './fields.ts';

/** The schema of a selector. */
export const selectorSchema = noteField(
  z.strictObject({
    names: z.optional(listField('Hosts by name.', 'a list of host names', lineField('The name of a host.'))),
    labels: z.optional(labelsField('Labels that a host must all have.')),
    percent: z.optional(numberField('The share of hosts, by a stable hash of their names.', 0, 100)),
  }),
  { description: 'Selects hosts: every given part must hold.', accepts: 'a map with names, labels or percent' },
);

/** Every given part must hold; without parts it selects every host. */
export type Selector = z.output<typeof selectorSchema>;

/** A host as selectors see it. */
export interface SelectableHost {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether a selector takes a host. `salt` is the application of a policy, or the name of a release. */
export function selects(selector: Selector | undefined, host: SelectableHost, salt: string): boolean {
  if (selector === undefined) return true;
  const { names, labels, percent } = selector;
  if (names !== undefined && !names.includes(host.name)) return false;
  for (const [label, value] of Object.entries(labels ?? {})) {
    if (!Object.hasOwn(host.labels, label) || host.labels[label] !== value) return false;
  }
  return percent === undefined || hostBucket(salt, host.name) < percent;
}

/** The place of a host from 0 to 100, exclusive; a growing share keeps the hosts that it had. */
export function hostBucket(salt: string, host: string): number {
  return (createHash('sha256').update(`${salt}/${host}`).digest().readUInt32BE(0) / 2 ** 32) * 100;
}
