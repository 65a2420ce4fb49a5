/** The check that `discovery` names registries which are there, and that what it is for is not left without it. */
import { isMapping } from './check-entry.ts';
import { nearestWord } from './nearest-word.ts';
import { quoteValue } from './yaml/field-value.ts';
import type { ProblemList } from './yaml/problem-list.ts';

/** Looks at the raw file: what refers to an entry with a mistake is told all the same. */
export function checkDiscovery(root: Readonly<Record<string, unknown>>, problems: ProblemList): void {
  const names = isMapping(root.registries) ? Object.keys(root.registries) : [];
  if (isMapping(root.discovery) && Array.isArray(root.discovery.registries)) {
    for (const [index, name] of root.discovery.registries.entries()) {
      if (typeof name !== 'string' || names.includes(name)) continue;
      const meant = nearestWord(name, names);
      problems.atValue(['discovery', 'registries', index], {
        what: `there is no registry ${quoteValue(name)}`,
        why: names.length === 0 ? 'the file has no registries' : `the registries are ${names.join(', ')}`,
        hint: meant === null ? 'add it under registries' : `write ${meant}`,
      });
    }
  }
  if (root.discovery !== undefined || !isMapping(root.apps)) return;
  for (const [app, entry] of Object.entries(root.apps)) {
    if (!isMapping(entry) || entry.consumes === undefined) continue;
    problems.atKey(['apps', app, 'consumes'], {
      what: 'it has no effect here',
      why: 'only the discovery agent reads it, and the file has no discovery',
      hint: 'add discovery with its registries, or take consumes out',
    });
  }
}
