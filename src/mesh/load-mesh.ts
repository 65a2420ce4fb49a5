/** From the file mesh.yaml to the checked model, or to one error with every mistake. */
import { WeirError } from '../errors/weir-error.ts';
import type { MeshConfig, ResolvedMeshConfig } from './mesh-config.ts';
import type { ParsedMesh } from './parse-mesh.ts';
import { type AccountLookup, type AccountNames, accountNames, resolveAccounts } from './resolve-accounts.ts';
import { type ConfigProblem, sortConfigProblems } from './yaml/config-problem.ts';

/** The most problems that one error lists. */
const MAX_LISTED_PROBLEMS = 200;

/** Reads the text of the file. Throws a WeirError that names the file and the reason. */
export type ReadMeshText = (file: string) => Promise<string>;

/** Checks the text of the file; `file` is for messages only. */
export type ParseMesh = (source: string, file: string) => Promise<ParsedMesh>;

/** Answers a lookup of names of users and groups. */
export type LookupAccounts = (names: AccountNames) => Promise<AccountLookup>;

/**
 * Reads mesh.yaml, checks it and resolves its users and groups.
 * Throws WEIR1020 (mistakes: `location` and the message are those of the first, `details.problems` has all; exit 2) and
 * what `readText` throws.
 */
export async function loadMesh(
  file: string,
  ports: { readonly readText: ReadMeshText; readonly parse: ParseMesh; readonly lookup: LookupAccounts },
): Promise<ResolvedMeshConfig> {
  const source = await ports.readText(file);
  const parsed = await ports.parse(source, file);
  const known = 'config' in parsed ? parsed.config : parsed.readable;
  const resolved = known === undefined ? null : resolveAccounts(known, await ports.lookup(accountNames(known)), source);
  // Both kinds of mistakes at once: whoever mends a file should not meet the next ones only then.
  const mistakes = [
    ...('errors' in parsed ? parsed.errors : []),
    ...(resolved !== null && 'errors' in resolved ? resolved.errors : []),
  ];
  if (resolved === null || 'errors' in resolved || mistakes.length > 0)
    throw configMistakes(distinctProblems(mistakes));
  return resolved.config;
}

/** Two checks may find the same mistake: users by their names, and again by their numbers. */
function distinctProblems(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const known = new Map<string, ConfigProblem>();
  for (const one of problems) {
    const key = `${one.line}:${one.column} ${one.why}`;
    if (!known.has(key)) known.set(key, one);
  }
  return sortConfigProblems([...known.values()]);
}

/** Like `loadMesh`, but asks nothing of the host: names of users and groups stay names. */
export async function readMesh(
  file: string,
  ports: { readonly readText: ReadMeshText; readonly parse: ParseMesh },
): Promise<MeshConfig> {
  const parsed = await ports.parse(await ports.readText(file), file);
  if ('errors' in parsed) throw configMistakes(parsed.errors);
  return parsed.config;
}

/** Whether an error of `loadMesh` names no mistake: all that it lists are accounts that could not be looked up. */
export function isOnlyUnknown(error: WeirError): boolean {
  if (error.code !== 'WEIR1020') return false;
  const { problems = [] } = (error.details ?? {}) as { readonly problems?: readonly ConfigProblem[] };
  return problems.length > 0 && problems.every(({ isUnknown }) => isUnknown === true);
}

// Scripts that know one error a run get the first; people and details get all.
function configMistakes(problems: readonly ConfigProblem[]): WeirError {
  const [first] = problems;
  if (first === undefined) throw new TypeError('a config without problems is no error');
  const more = problems.length - 1;
  const suffix = more === 0 ? '' : ` (and ${more} more ${more === 1 ? 'problem' : 'problems'})`;
  return new WeirError('WEIR1020', {
    what: `${first.what}${suffix}`,
    why: first.why,
    hint: first.hint,
    location: { file: first.file, line: first.line, column: first.column },
    details: { problems: problems.slice(0, MAX_LISTED_PROBLEMS), total: problems.length },
  });
}
