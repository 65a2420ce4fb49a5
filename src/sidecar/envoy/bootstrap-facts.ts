/**
 * The facts of a bootstrap that weir needs. Only its static part is read, because only that is certain before a start.
 */
import { addressText, type BootstrapListeners, readListeners } from './bootstrap-listeners.ts';
import { type ControlPlaneSources, readControlPlaneSources } from './control-plane-sources.ts';
import { protoField, protoList, protoPath } from './proto-json.ts';
import { type RequestLog, readRequestLog } from './request-log.ts';

/** The facts of one bootstrap. */
export interface BootstrapFacts {
  /** `unix:/path` or `http://host:port`; null when the bootstrap has no admin. */
  readonly admin: string | null;
  readonly listeners: BootstrapListeners;
  readonly sources: ControlPlaneSources;
  readonly log: RequestLog;
}

/** Reads a bootstrap in YAML or JSON. Null when it is neither, e.g. a binary protobuf. */
export async function readBootstrapFacts(text: string): Promise<BootstrapFacts | null> {
  const root = await parseBootstrap(text);
  if (typeof root !== 'object' || root === null || Array.isArray(root)) return null;
  const admin = addressText(protoPath(root, 'admin', 'address'));
  const sources = readControlPlaneSources(root);
  const { admin: _, ...rest } = root as Record<string, unknown>;
  return {
    admin: admin === null || admin.startsWith('unix:') ? admin : `http://${admin}`,
    listeners: readListeners(protoList(protoField(root, 'static_resources'), 'listeners')),
    sources,
    log: readRequestLog(rest, sources.hasDynamicListeners),
  };
}

/** A bootstrap in YAML or JSON as plain values; null when it is neither. */
export async function parseBootstrap(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    // Loaded when it is needed: it would stay in the memory of a supervisor for ever.
    const { parseYaml } = await import('./parse-yaml.ts');
    return parseYaml(text);
  }
}
