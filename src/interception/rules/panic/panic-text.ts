/** Gathers the facts of off.sh from the remembered applications. */
import { dirname } from 'node:path';
import type { Backend } from '../../backend.ts';
import type { StoredApp, StoredNamespace } from '../../stored-state.ts';
import { renderPanicScript } from './panic-script.ts';

/** The facts of the panic file besides the applications. */
export interface PanicTextFacts {
  readonly backend: Backend;
  readonly netns: string;
  readonly namespace: StoredNamespace | null;
  /** Where the file lies. */
  readonly path: string;
  /** Names that mesh.yaml declares, on or not. */
  readonly declared: readonly string[];
}

/**
 * The text of the panic file for all remembered applications. It knows those that are off, too, and reports them as
 * direct already.
 */
export function panicText(
  { backend, netns, namespace, path, declared }: PanicTextFacts,
  apps: readonly StoredApp[],
): string {
  return renderPanicScript({
    backend,
    runDir: dirname(path),
    netns,
    namespaceId: namespace?.id ?? null,
    namespaceCookie: namespace?.cookie ?? null,
    apps: apps.filter((app) => app.desired === 'on').map((app) => app.policy),
    known: [...declared, ...apps.map((app) => app.name)],
  });
}
