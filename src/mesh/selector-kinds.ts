/** The ways in which mesh.yaml selects an application. A new one begins here: the lists elsewhere follow from this one. */
import { unreachable } from '../errors/unreachable.ts';
import type { AccountRef, AppSelector } from './mesh-config.ts';

/** The kind of a selector. */
export type SelectorKindName = AppSelector['kind'];

/** What is known of one kind. */
interface SelectorKind {
  /** The keys of `select` in mesh.yaml that make it. */
  readonly keys: readonly string[];
  /** Which selector goes first where several fit a process: 0 for the narrowest. The hook chains stand in this order. */
  readonly breadth: number;
}

/** Every kind, from the narrowest to the broadest. */
export const SELECTOR_KINDS = {
  users: { keys: ['user', 'users'], breadth: 0 },
  group: { keys: ['group'], breadth: 1 },
  slice: { keys: ['slice'], breadth: 2 },
  all: { keys: ['all'], breadth: 3 },
} as const satisfies Record<SelectorKindName, SelectorKind>;

/** A key of `select` in mesh.yaml. */
export type SelectorKey = (typeof SELECTOR_KINDS)[SelectorKindName]['keys'][number];

/** The keys that `select` may have, each alone. */
export const SELECTOR_KEYS: readonly SelectorKey[] = Object.values(SELECTOR_KINDS).flatMap(({ keys }) => [...keys]);

/** Narrower selectors first. */
export function compareBreadth(
  one: { readonly kind: SelectorKindName },
  other: { readonly kind: SelectorKindName },
): number {
  return SELECTOR_KINDS[one.kind].breadth - SELECTOR_KINDS[other.kind].breadth;
}

/** The cgroup v2 path that has to exist for a selector; null for one that needs none. */
export function selectedSlice(select: AppSelector): string | null {
  switch (select.kind) {
    case 'slice':
      return select.slice;
    case 'users':
    case 'group':
    case 'all':
      return null;
    default:
      return unreachable(select);
  }
}

/** Whether a selector takes every process of the network namespace, the operator's own as well. */
export function selectsEverybody({ kind }: { readonly kind: SelectorKindName }): boolean {
  switch (kind) {
    case 'all':
      return true;
    case 'users':
    case 'group':
    case 'slice':
      return false;
    default:
      return unreachable(kind);
  }
}

/** Whether a socket's own listing tells who selects it; a group is a fact of its process alone. */
export function needsProcesses({ kind }: { readonly kind: SelectorKindName }): boolean {
  switch (kind) {
    case 'group':
      return true;
    case 'users':
    case 'slice':
    case 'all':
      return false;
    default:
      return unreachable(kind);
  }
}

/** The users and groups that a selector names. */
export function selectedAccounts<Account extends AccountRef>(
  select: AppSelector<Account>,
): { readonly users: readonly Account[]; readonly groups: readonly Account[] } {
  switch (select.kind) {
    case 'users':
      return { users: select.users, groups: [] };
    case 'group':
      return { users: [], groups: [select.group] };
    case 'slice':
    case 'all':
      return { users: [], groups: [] };
    default:
      return unreachable(select);
  }
}
