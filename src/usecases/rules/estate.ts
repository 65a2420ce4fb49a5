import { type CaseFile, parseCaseFile, type RoutingCall } from '../../routing/case-file.ts';
import type { Estate, RuleFiles } from './ports.ts';

/** The flags by which a command learns about the estate. */
export interface EstateFlags {
  readonly case?: string | undefined;
  readonly providers?: string | undefined;
  readonly services?: string | undefined;
  readonly calls?: string | undefined;
}

const NOTHING: CaseFile = { providers: [], services: [], types: {}, machineGroups: {}, calls: [] };

/**
 * Joins --case with --providers, --services and --calls (the latter win). Each file is a case file, or just the list.
 * Throws WEIR5001 or WEIR5020.
 */
export async function readEstate(
  files: RuleFiles,
  flags: EstateFlags,
): Promise<Estate & { readonly calls: RoutingCall[] }> {
  const whole = flags.case === undefined ? NOTHING : parseCaseFile(await files.read(flags.case), flags.case);
  const part = async (key: 'providers' | 'services' | 'calls'): Promise<CaseFile | null> => {
    const file = flags[key];
    if (file === undefined) return null;
    return parseCaseFile(asCaseText(await files.read(file), key), file);
  };
  const [providers, services, calls] = [await part('providers'), await part('services'), await part('calls')];
  return {
    ...whole,
    providers: providers?.providers ?? whole.providers,
    services: services?.services ?? whole.services,
    calls: calls?.calls ?? whole.calls,
  };
}

// A bare list, or (calls) one JSON document a line.
function asCaseText(text: string, key: string): string {
  const trimmed = text.trim();
  if (trimmed.startsWith('[')) return `{"${key}":${trimmed}}`;
  const lines = trimmed.split('\n').filter((line) => line.trim() !== '');
  return key === 'calls' &&
    lines.length > 1 &&
    lines.every((line) => line.trim().startsWith('{') && line.trim().endsWith('}'))
    ? `{"calls":[${lines.join(',')}]}`
    : text;
}
