/** The applications behind a sidecar with their rules, as far as these can be read. */
import { join } from 'node:path';
import type { MeshConfig } from '../../mesh/mesh-config.ts';
import type { RulesReader } from '../ports.ts';
import type { RuledCaller } from '../resources/sidecar-rules.ts';
import { readRuleFolder } from '../routing/rule-scripts.ts';

/** An application of mesh.yaml as far as its rules are concerned. */
type App = Pick<MeshConfig['apps'] extends ReadonlyMap<string, infer Entry> ? Entry : never, 'name' | 'rules'>;

/** Reads the rules of all applications. Throws WeirError exit 2 for a folder that cannot be read. */
export async function ruledCallers(
  apps: Iterable<App>,
  reader: RulesReader,
): Promise<{
  readonly callers: readonly RuledCaller[];
  readonly faults: readonly { readonly file: string; readonly why: string }[];
}> {
  const callers: RuledCaller[] = [];
  const faults: { file: string; why: string }[] = [];
  for (const { name, rules } of apps) {
    const facts = { application: name, host: reader.ownAddress(), params: null };
    const folder = rules === undefined ? null : readRuleFolder(await reader.readRuleFiles(rules));
    callers.push({ app: name, facts, scripts: folder?.scripts ?? [] });
    for (const { file, why } of folder?.faults ?? []) faults.push({ file: join(rules ?? '', file), why });
  }
  return { callers, faults };
}
