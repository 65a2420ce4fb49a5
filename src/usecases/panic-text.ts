import { dirname } from 'node:path';
import { renderPanicScript } from '../intercept/panic-script.ts';
import type { Backend } from './ports.ts';
import type { StoredApp } from './stored-state.ts';

/** What the panic file is about besides the applications. */
export interface PanicTextFacts {
  readonly backend: Backend;
  readonly netns: string;
  /** Where the file lies. */
  readonly path: string;
  /** Names that mesh.yaml declares, on or not. */
  readonly declared: readonly string[];
}

/** The text of the panic file for everything that is remembered; one that is off is known to it, and already direct. */
export function panicText({ backend, netns, path, declared }: PanicTextFacts, apps: readonly StoredApp[]): string {
  return renderPanicScript({
    backend,
    runDir: dirname(path),
    netns,
    apps: apps.filter((app) => app.desired === 'on').map((app) => app.policy),
    known: [...declared, ...apps.map((app) => app.name)],
  });
}
