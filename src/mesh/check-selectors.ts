/** The check that no process belongs to two applications, or to an application and its sidecar. */
import { unreachable } from '../errors/unreachable.ts';
import { accountKey } from './account.ts';
import type { AccountRef, AppConfig, MeshConfig } from './mesh-config.ts';
import { selectedSlice } from './selector-kinds.ts';
import type { ConfigPath } from './yaml/config-problem.ts';
import type { ValueFault } from './yaml/field-value.ts';

/** Two selectors that cannot both hold. */
export interface SelectorClash extends ValueFault {
  /** The later of the two. */
  readonly path: ConfigPath;
  /** The account that both select; null where it is a slice or everything. */
  readonly account: AccountRef | null;
}

/** Something that an app selects, with a key that is the same for the same thing. */
interface Selected {
  readonly key: string;
  readonly words: string;
  readonly app: AppConfig;
  readonly path: ConfigPath;
  readonly account: AccountRef | null;
  readonly line: number;
}

/**
 * Apps that select the same processes, or a sidecar's own user or group. Names and numbers are compared as they stand:
 * run again after the host has turned names into numbers, it finds the rest.
 */
export function findSelectorClashes({
  apps,
  sidecars,
}: Pick<MeshConfig, 'apps' | 'sidecars'>): readonly SelectorClash[] {
  const guarded = guardedAccounts(sidecars);
  const selected = [...apps.values()].flatMap(selectedBy);
  const owners = new Map<string, Selected>();
  const clashes: SelectorClash[] = [];
  for (const one of selected) {
    const sidecar = guarded.get(one.key);
    const owner = owners.get(one.key);
    // Two sidecars may share a user; two apps may not, but one app may name a user twice.
    if (owner === undefined) owners.set(one.key, one);
    if (sidecar !== undefined) clashes.push(ownSidecar(one, sidecar));
    else if (owner !== undefined && owner.app !== one.app) clashes.push(sameSelection(one, owner));
  }
  return [...clashes, ...selected.flatMap((one) => nestedSlice(one, owners))];
}

/** The sidecars' own accounts, each with the name of a sidecar that runs as it. */
function guardedAccounts(sidecars: MeshConfig['sidecars']): ReadonlyMap<string, string> {
  const guarded = new Map<string, string>();
  for (const { name, user, group } of sidecars.values()) {
    if (user !== undefined) guarded.set(`user ${accountKey(user)}`, name);
    if (group !== undefined) guarded.set(`group ${accountKey(group)}`, name);
  }
  return guarded;
}

function selectedBy(app: AppConfig): Selected[] {
  const { select } = app;
  const rest = { app, path: ['apps', app.name, 'select', select.kind], account: null, line: app.position.line };
  switch (select.kind) {
    case 'users':
      return select.users.map((user) => selectedAccount('user', user, app));
    case 'group':
      return [selectedAccount('group', select.group, app)];
    case 'slice':
      return [{ key: `slice ${select.slice}`, words: `slice ${select.slice}`, ...rest }];
    case 'all':
      return [{ key: 'all', words: 'every process', ...rest }];
    default:
      return unreachable(select);
  }
}

function selectedAccount(kind: 'user' | 'group', account: AccountRef, app: AppConfig): Selected {
  return {
    key: `${kind} ${accountKey(account)}`,
    words: `${kind} ${accountWords(account)}`,
    app,
    path: ['apps', app.name, 'select'],
    account,
    line: account.position.line,
  };
}

function accountWords(ref: AccountRef): string {
  if (ref.kind === 'name') return ref.name;
  return ref.name === undefined ? String(ref.id) : `${ref.name} (${ref.id})`;
}

function ownSidecar({ path, account, words }: Selected, sidecar: string): SelectorClash {
  return {
    path,
    account,
    what: `${words} is the one that sidecar ${sidecar} runs as`,
    why: "the sidecar's own connections would be redirected to itself, in a loop",
    hint: 'run the app under another user, or select it by its slice',
  };
}

function sameSelection({ path, account, words }: Selected, owner: Selected): SelectorClash {
  return {
    path,
    account,
    what: `${words} belongs to apps.${owner.app.name} already (line ${owner.line})`,
    why: 'a connection can belong to one app only',
    hint: 'join the two apps, or select other processes in one of them',
  };
}

/** A slice holds all below it: the processes of `a/b` are in `a` as well. */
function nestedSlice(one: Selected, owners: ReadonlyMap<string, Selected>): SelectorClash[] {
  const slice = selectedSlice(one.app.select);
  if (slice === null) return [];
  const parts = slice.split('/');
  const outer = parts.slice(1).map((_, index) => owners.get(`slice ${parts.slice(0, index + 1).join('/')}`));
  const owner = outer.find((candidate) => candidate !== undefined);
  if (owner === undefined) return [];
  return [
    {
      path: one.path,
      account: null,
      what: `${one.words} lies inside ${owner.words} of apps.${owner.app.name} (line ${owner.line})`,
      why: 'a connection can belong to one app only, and a slice holds all below it',
      hint: 'select slices that lie beside each other',
    },
  ];
}
