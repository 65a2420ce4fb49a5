/** Replaces the names of users and groups in a configuration by their numbers. */
import { unreachable } from '../errors/unreachable.ts';
import { type AccountKey, distinctAccounts, writtenLength } from './account.ts';
import { findSelectorClashes } from './check-selectors.ts';
import type {
  AccountId,
  AccountRef,
  AppConfig,
  AppSelector,
  MeshConfig,
  ResolvedMeshConfig,
  SidecarConfig,
} from './mesh-config.ts';
import { selectedAccounts } from './selector-kinds.ts';
import { type ConfigPath, type ConfigProblem, formatConfigPath, sortConfigProblems } from './yaml/config-problem.ts';
import type { ValueFault } from './yaml/field-value.ts';

/** What a host knows about names. */
export interface AccountLookup {
  user(name: string): number | undefined;
  group(name: string): number | undefined;
  /** Why a name may be missing although the account exists, e.g. a directory service that did not answer. */
  readonly incomplete?: string | undefined;
}

/** The names that have to be looked up before `resolveAccounts`, without repetition. */
export interface AccountNames {
  readonly users: readonly string[];
  readonly groups: readonly string[];
}

/** The user and group names that a config holds. */
export function accountNames({ apps, sidecars }: MeshConfig): AccountNames {
  const users = [...sidecars.values()].flatMap(({ user }) => user ?? []);
  const groups = [...sidecars.values()].flatMap(({ group }) => group ?? []);
  for (const { select } of apps.values()) {
    const selected = selectedAccounts(select);
    users.push(...selected.users);
    groups.push(...selected.groups);
  }
  return { users: namesOf(users), groups: namesOf(groups) };
}

/**
 * The config with numbers in place of all names, or what stands against that: names that the host does not know, and
 * selectors that turn out to be the same user, or the sidecar's. `source` is the text of the file, for code frames.
 */
export function resolveAccounts(
  config: MeshConfig,
  lookup: AccountLookup,
  source = '',
): { readonly config: ResolvedMeshConfig } | { readonly errors: readonly ConfigProblem[] } {
  const lines = source.split(/\r?\n/);
  const problems: ConfigProblem[] = [];
  const report = (path: ConfigPath, account: AccountRef, fault: ValueFault & Pick<ConfigProblem, 'isUnknown'>) => {
    const { line, column } = account.position;
    const label = formatConfigPath(path);
    const text = lines[line - 1] ?? '';
    const place = { file: config.file, line, column, length: writtenLength(account), source: text, path: label };
    const { what, ...rest } = fault;
    problems.push({ ...place, what: `${label}: ${what}`, ...rest });
  };
  // An account that is not there is none of the others.
  const unknown: string[] = [];
  const unknownId = (kind: string, name: string): number => {
    const key = `${kind} ${name}`;
    if (!unknown.includes(key)) unknown.push(key);
    return -1 - unknown.indexOf(key);
  };
  const resolve = (kind: 'user' | 'group', ref: AccountRef, path: ConfigPath): AccountId => {
    // A number is taken as it is: containers run users that no passwd file of the host knows.
    if (ref.kind === 'id') return ref;
    const id = lookup[kind](ref.name);
    if (id === undefined) report(path, ref, unknownAccount(kind, ref.name, lookup.incomplete));
    return { kind: 'id', id: id ?? unknownId(kind, ref.name), name: ref.name, position: ref.position };
  };
  const sidecars = new Map([...config.sidecars].map(([name, sidecar]) => [name, resolveSidecar(sidecar, resolve)]));
  const apps = new Map([...config.apps].map(([name, app]) => [name, resolveApp(app, resolve)]));
  const resolved: ResolvedMeshConfig = { ...config, sidecars, apps };
  for (const { path, account, ...fault } of findSelectorClashes(resolved)) {
    // Slices and `all` mean the same on every host: the parser has compared them.
    if (account !== null) report(path, account, fault);
  }
  return problems.length > 0 ? { errors: sortConfigProblems(problems) } : { config: resolved };
}

type Resolve = (kind: 'user' | 'group', ref: AccountRef, path: ConfigPath) => AccountId;

function resolveSidecar({ user, group, ...rest }: SidecarConfig, resolve: Resolve): SidecarConfig<AccountId> {
  const path = ['sidecars', rest.name];
  return {
    ...rest,
    ...(user === undefined ? {} : { user: resolve('user', user, [...path, 'user']) }),
    ...(group === undefined ? {} : { group: resolve('group', group, [...path, 'group']) }),
  };
}

function resolveApp(app: AppConfig, resolve: Resolve): AppConfig<AccountId> {
  return { ...app, select: resolveSelector(app.select, ['apps', app.name, 'select'], resolve) };
}

function resolveSelector(select: AppSelector, path: ConfigPath, resolve: Resolve): AppSelector<AccountId> {
  switch (select.kind) {
    case 'users':
      // Two names can be one user.
      return { kind: 'users', users: distinctAccounts(select.users.map((user) => resolve('user', user, path))) };
    case 'group':
      return { kind: 'group', group: resolve('group', select.group, path) };
    case 'slice':
    case 'all':
      return select;
    default:
      return unreachable(select);
  }
}

function unknownAccount(
  kind: 'user' | 'group',
  name: string,
  incomplete: string | undefined,
): ValueFault & Pick<ConfigProblem, 'isUnknown'> {
  const number = `write its number: a ${kind === 'user' ? 'uid' : 'gid'} needs no name`;
  if (incomplete !== undefined)
    return {
      what: `whether there is a ${kind} ${name} on this host cannot be told`,
      ...{ why: incomplete, hint: `run it again when \`getent\` answers, or ${number}`, isUnknown: true },
    };
  return {
    what: `there is no ${kind} ${name} on this host`,
    why: `neither /etc/${kind === 'user' ? 'passwd' : 'group'} nor the name service knows it`,
    hint: `create it, or ${number}`,
  };
}

function namesOf(refs: readonly AccountKey[]): readonly string[] {
  return [...new Set(refs.flatMap((ref) => (ref.kind === 'name' ? ref.name : [])))];
}
