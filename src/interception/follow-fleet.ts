/** Local overrides: applications that somebody switched off on this host, whatever the fleet wants; and their end. */
import { unknownApp } from './app-names.ts';
import { type LockWait, lockBeforeChanges } from './begin-lock.ts';
import type { InterceptHost } from './host.ts';
import { INTERRUPTED, type KnownApp } from './known-apps.ts';
import { readSituation } from './situation.ts';

/** An application that is off by a decision on this host. */
export interface LocalOverride {
  readonly app: string;
  /** ISO 8601; null when the kernel alone knows. */
  readonly since: string | null;
  readonly reason: string | null;
}

/** Ends that nobody decided: they are no override. */
const BY_ITSELF = ['confirm expired', INTERRUPTED];

/** The overrides among what a host knows of its applications. */
export function localOverrides(apps: ReadonlyMap<string, KnownApp>): LocalOverride[] {
  return [...apps.values()].flatMap((app) => {
    if (app.desired === 'on' || BY_ITSELF.includes(app.reason ?? '')) return [];
    const isFleets = app.stored?.desired === 'off' && app.stored.origin === 'fleet';
    if (isFleets && app.kernel?.off.includes('off.sh') !== true) return [];
    return [{ app: app.name, since: app.stored?.since ?? null, reason: app.reason }];
  });
}

/**
 * Ends overrides: from now on the fleet decides again. An application stays off until it does. Resolves to the names of
 * those that had one. Throws WEIR2021 when the lock is held for too long, WEIR1010 for a name that neither this host nor
 * mesh.yaml knows, and the error of the state file.
 */
export async function followFleet(
  host: InterceptHost,
  names: readonly string[] | 'all',
  readDeclared: () => Promise<readonly string[]>,
  wait: LockWait,
): Promise<string[]> {
  const lock = await lockBeforeChanges(host, 'host follow', wait);
  try {
    const { stored, apps } = await readSituation(host, 'remembered');
    if (names !== 'all' && names.some((name) => !apps.has(name))) {
      const known = [...new Set([...(await readDeclared()), ...apps.keys()])].sort();
      const unknown = names.find((name) => !known.includes(name));
      if (unknown !== undefined) throw unknownApp(unknown, known, 'this host');
    }
    const overridden = localOverrides(apps)
      .map(({ app }) => app)
      .filter((app) => names === 'all' || names.includes(app));
    if (overridden.length === 0 || stored === null) return [];
    const changed = stored.apps.map((app) => {
      if (!overridden.includes(app.name)) return app;
      return { ...app, desired: 'off' as const, confirm: null, reason: 'follows the fleet', origin: 'fleet' as const };
    });
    await host.store.write({ ...stored, apps: changed });
    for (const name of overridden) await host.panicFile.forget(name);
    return overridden;
  } finally {
    await lock.release();
  }
}
