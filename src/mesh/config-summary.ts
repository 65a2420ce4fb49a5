/** The content of mesh.yaml as plain data, for `weir config check`. */
import { unreachable } from '../errors/unreachable.ts';
import { formatAdminAddress } from './admin-address.ts';
import type { AccountRef, AppSelector, MeshConfig, TrafficScope } from './mesh-config.ts';
import { formatPortRange } from './port-range.ts';

/** An account as JSON and text show it: its number where it is known, its name where it has one. */
export interface AccountSummary {
  readonly name: string | null;
  readonly id: number | null;
}

/** What `weir config check` says about a sidecar. */
export interface SidecarSummary {
  readonly name: string;
  readonly user: AccountSummary | null;
  readonly group: AccountSummary | null;
  readonly outbound: number | null;
  readonly inbound: number | null;
  /** As it is written in mesh.yaml. */
  readonly admin: string;
  /** Whether weir runs it. */
  readonly managed: boolean;
}

/** One direction of an app; empty lists mean every port, everywhere. */
export interface ScopeSummary {
  readonly ports: readonly string[];
  readonly cidrs: readonly string[];
  readonly exclude: { readonly ports: readonly string[]; readonly cidrs: readonly string[] };
}

/** Whom an app selects; only the member that `kind` names is there. */
export type SelectSummary =
  | { readonly kind: 'users'; readonly users: readonly AccountSummary[] }
  | { readonly kind: 'group'; readonly group: AccountSummary }
  | { readonly kind: 'slice'; readonly slice: string }
  | { readonly kind: 'all' };

/** What `weir config check` says about an app. */
export interface AppSummary {
  readonly name: string;
  readonly select: SelectSummary;
  readonly sidecar: string;
  readonly outbound: ScopeSummary | null;
  readonly inbound: ScopeSummary | null;
  readonly onFailure: 'direct' | 'deny';
  readonly leaseMs: number | null;
}

/** The result of `weir config check`. */
export interface ConfigSummary {
  readonly file: string;
  readonly sidecars: readonly SidecarSummary[];
  readonly apps: readonly AppSummary[];
}

/** A config as plain data for JSON: the same meaning, without positions. */
export function summarizeConfig({ file, sidecars, apps }: MeshConfig): ConfigSummary {
  return {
    file,
    sidecars: [...sidecars.values()].map(({ name, user, group, outbound, inbound, admin, process }) => ({
      name,
      user: user === undefined ? null : account(user),
      group: group === undefined ? null : account(group),
      outbound: outbound ?? null,
      inbound: inbound ?? null,
      admin: formatAdminAddress(admin),
      managed: process !== undefined,
    })),
    apps: [...apps.values()].map(({ name, select, sidecar, outbound, inbound, onFailure, leaseMs }) => ({
      name,
      select: selection(select),
      sidecar,
      outbound: outbound === null ? null : scope(outbound),
      inbound: inbound === null ? null : scope(inbound),
      onFailure,
      leaseMs,
    })),
  };
}

function account(ref: AccountRef): AccountSummary {
  return ref.kind === 'name' ? { name: ref.name, id: null } : { name: ref.name ?? null, id: ref.id };
}

function selection(select: AppSelector): SelectSummary {
  switch (select.kind) {
    case 'users':
      return { kind: 'users', users: select.users.map(account) };
    case 'group':
      return { kind: 'group', group: account(select.group) };
    case 'slice':
    case 'all':
      return select;
    default:
      return unreachable(select);
  }
}

function scope({ ports, cidrs, exclude }: TrafficScope): ScopeSummary {
  return {
    ports: ports.map(formatPortRange),
    cidrs: cidrs.map(({ text }) => text),
    exclude: { ports: exclude.ports.map(formatPortRange), cidrs: exclude.cidrs.map(({ text }) => text) },
  };
}
