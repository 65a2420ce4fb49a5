/** Degrees of knowledge about a fixture's estate: nothing, the services, the providers, or the whole case. */
import type { CaseFile } from '../../src/rules/case-file.ts';

/** The states of knowledge, from least to most. */
export const KNOWLEDGE = ['nothing', 'services', 'providers', 'case'] as const;

/** A fixture's case with only what one state of knowledge gives. */
export function withKnowledge(known: CaseFile, given: (typeof KNOWLEDGE)[number]): CaseFile {
  if (given === 'case') return known;
  const { app: _app, ...rest } = known;
  return {
    ...rest,
    types: {},
    machineGroups: {},
    services: given === 'services' ? known.services : [],
    providers: given === 'providers' ? known.providers : [],
  };
}
