/** When the routing rules of transparent proxying come and go, beside the rules that mark packets. */
import type { InterceptHost } from './host.ts';
import type { KnownApp } from './known-apps.ts';
import { TPROXY_TABLE } from './rules/nft/compile-tproxy.ts';
import type { Ruleset } from './rules/ruleset.ts';
import type { StoredApp } from './stored-state.ts';

/**
 * Makes the routing of marks before any packet is marked, when an application needs it. Killed in between, there is a
 * routing rule that no packet meets.
 */
export async function makeMarkRoutes(host: InterceptHost, apps: readonly StoredApp[]): Promise<void> {
  if (apps.some(({ desired, policy }) => desired === 'on' && policy.mode === 'tproxy')) await host.markRoutes.ensure();
}

/** Removes what `makeMarkRoutes` made for an attempt that came to nothing: no table needed it before. */
export async function undoMarkRoutes(
  host: InterceptHost,
  apps: readonly StoredApp[],
  before: readonly Ruleset[],
): Promise<void> {
  const wasNeeded = before.some(({ tables }) => tables.some(({ name }) => name === TPROXY_TABLE));
  if (!wasNeeded && apps.some(({ policy }) => policy.mode === 'tproxy')) await host.markRoutes.remove();
}

/** Removes it once nothing is marked and no connection is remembered. `ip` is not asked where none ever was. */
export async function dropMarkRoutes(
  host: InterceptHost,
  { apps }: { readonly apps: ReadonlyMap<string, KnownApp> },
): Promise<void> {
  const wasTransparent = [...apps.values()].some(
    ({ stored, kernel }) => stored?.policy.mode === 'tproxy' || kernel?.modes.includes('tproxy') === true,
  );
  if (wasTransparent) await host.markRoutes.remove();
}
