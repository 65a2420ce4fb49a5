/** Joins the files about the estate that the flags name. */
import { type CaseFile, parseCaseFile, type RoutingCall } from '../case-file.ts';
import type { RouterEngine } from '../read/router-behaviour.ts';
import type { KeyScope } from '../read/rule-scope.ts';
import type { Estate, RuleFiles } from './ports.ts';

/** The flags by which a command learns about the estate. */
export interface EstateFlags {
  readonly case?: string | undefined;
  readonly providers?: string | undefined;
  readonly services?: string | undefined;
  readonly calls?: string | undefined;
  /** `--engine-version`: the line of Dubbo. */
  readonly 'engine-version'?: RouterEngine | undefined;
  /** `--app`: the provider application. */
  readonly app?: string | undefined;
  /** `--scope`: what the key of a rule names. */
  readonly scope?: KeyScope | undefined;
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
    return parseCaseFile(await files.read(file), file, key);
  };
  const [providers, services, calls] = [await part('providers'), await part('services'), await part('calls')];
  return {
    ...whole,
    engine: flags['engine-version'],
    keyScope: flags.scope,
    ...(flags.app === undefined ? {} : { app: flags.app }),
    providers: providers?.providers ?? whole.providers,
    services: services?.services ?? whole.services,
    calls: calls?.calls ?? whole.calls,
  };
}
