/** Two applications that select the same account: one that shall be switched, and one that the kernel diverts already. */
import { unreachable } from '../errors/unreachable.ts';
import { WeirError } from '../errors/weir-error.ts';
import type { KnownApp } from './known-apps.ts';
import type { ResolvedSelector } from './rules/policy.ts';
import type { Situation } from './situation.ts';

/** An application that is on, and the account that it shares with another one. */
export interface AccountHolder {
  readonly name: string;
  /** `uid 20001`, `gid 2001`, `payment.slice`, `every connection`. */
  readonly shared: string;
}

/**
 * The other applications that are on and select an account of `select`, by the state file. mesh.yaml allows no two of
 * these, so the holder was renamed or removed from mesh.yaml while it was on.
 */
export function accountHolders(
  apps: ReadonlyMap<string, KnownApp>,
  name: string,
  select: ResolvedSelector,
): AccountHolder[] {
  return [...apps.values()].flatMap((known): AccountHolder[] => {
    if (known.name === name || known.desired !== 'on' || known.stored === null) return [];
    const shared = sharedAccount(select, known.stored.policy.select);
    return shared === null ? [] : [{ name: known.name, shared }];
  });
}

/**
 * The account that two selectors share; null when they share none. A broader selector beside a narrower one is no
 * conflict.
 */
export function sharedAccount(one: ResolvedSelector, other: ResolvedSelector): string | null {
  switch (one.kind) {
    case 'users': {
      const uid = other.kind === 'users' ? one.uids.find((id) => other.uids.includes(id)) : undefined;
      return uid === undefined ? null : `uid ${uid}`;
    }
    case 'group':
      return other.kind === 'group' && one.gid === other.gid ? `gid ${one.gid}` : null;
    case 'slice':
      return other.kind === 'slice' && one.path === other.path ? one.path : null;
    case 'all':
      return other.kind === 'all' ? 'every connection' : null;
    default:
      return unreachable(one);
  }
}

/** Warnings about applications whose account an application that stays on also selects, by name. */
export function heldAccounts({ apps }: Pick<Situation, 'apps'>, names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    names.flatMap((name): [string, string][] => {
      const select = apps.get(name)?.stored?.policy.select;
      const holders = select === undefined ? [] : accountHolders(apps, name, select);
      const holder = holders.find((one) => !names.includes(one.name));
      if (holder === undefined) return [];
      const next = `\`weir off ${holder.name}\` ends that`;
      return [[name, `${name} is off, and ${holder.name}, which is on, still diverts ${holder.shared}: ${next}`]];
    }),
  );
}

/**
 * Refuses to switch an application on while another one that is on holds its account.
 * @throws WeirError WEIR3014, exit 3
 */
export function refuseHeldAccount({ apps }: Situation, name: string, select: ResolvedSelector): void {
  const [holder] = accountHolders(apps, name, select);
  if (holder === undefined) return;
  throw new WeirError('WEIR3014', {
    what: `${holder.name}, which is on, selects ${holder.shared} too`,
    why: `one account has one sidecar: ${holder.name} was renamed or taken out of mesh.yaml while it was on; nothing was changed`,
    hint: `switch it off first: \`weir off ${holder.name}\`, then \`weir on ${name}\``,
    details: { holder: holder.name, shared: holder.shared },
  });
}
