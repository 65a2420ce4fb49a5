/** The parser of mesh.yaml: text in, exact types or a list of problems out. */
import { writtenLength } from './account.ts';
import { buildDiscovery, buildRegistry } from './build-discovery.ts';
import { buildApp, buildSidecar } from './build-mesh.ts';
import { checkDiscovery } from './check-discovery.ts';
import { checkEntryRules, isMapping, type MeshSection } from './check-entry.ts';
import { checkInboundPorts } from './check-inbound.ts';
import { checkSidecarPorts } from './check-ports.ts';
import { checkSidecarDirections, checkSidecarName } from './check-references.ts';
import { findSelectorClashes } from './check-selectors.ts';
import type { DiscoveryConfig, RegistryConfig } from './discovery-config.ts';
import { discoverySchema, registrySchema } from './discovery-schema.ts';
import type { AppConfig, MeshConfig, SidecarConfig } from './mesh-config.ts';
import { appSchema, meshSchema, sidecarSchema } from './mesh-schema.ts';
import type { PositionOf } from './source-position.ts';
import type { ConfigProblem } from './yaml/config-problem.ts';
import { explainIssue } from './yaml/explain-issue.ts';
import { quoteValue } from './yaml/field-value.ts';
import { ProblemList } from './yaml/problem-list.ts';
import { readYamlTree } from './yaml/yaml-tree.ts';

/**
 * A checked mesh.yaml, or everything that is wrong with it, in the order of the file and never empty. `readable` has
 * what could be read all the same: enough to say what the host knows of its accounts.
 */
export type ParsedMesh =
  | { readonly config: MeshConfig }
  | { readonly errors: readonly ConfigProblem[]; readonly readable?: MeshConfig };

/**
 * Reads the text of a mesh.yaml; `file` is for messages only. Names of users and groups stay names: see
 * `resolveAccounts`. Never throws; the time is bounded by the length of the text.
 */
export function parseMeshConfig(source: string, file: string): ParsedMesh {
  const tree = readYamlTree(source);
  const problems = new ProblemList(file, tree);
  // What a broken text seems to hold is guesswork: complaints about it would mislead.
  if (tree.faults.length > 0) return { errors: problems.all };
  if (!isMapping(tree.value)) {
    const empty = tree.value === null;
    problems.atValue([], {
      what: empty ? 'the file is empty' : `the file holds ${quoteValue(tree.value)}`,
      why: 'mesh.yaml is a map with apiVersion, sidecars and apps',
      hint: '`weir help mesh-yaml` shows an example',
    });
    return { errors: problems.all };
  }
  for (const issue of meshSchema.safeParse(tree.value).error?.issues ?? []) {
    explainIssue(issue, meshSchema, tree.value, problems);
  }
  const positionOf: PositionOf = (path, part) => problems.positionOf(path, part);
  // Each entry once more by itself, so that one with a mistake does not hide clashes between the others.
  const sidecars = readEntries<SidecarConfig>(tree.value, 'sidecars', problems, (name, entry) => {
    const parsed = sidecarSchema.safeParse(entry);
    return parsed.success ? buildSidecar(name, parsed.data, positionOf) : undefined;
  });
  const apps = readEntries<AppConfig>(tree.value, 'apps', problems, (name, entry) => {
    const parsed = appSchema.safeParse(entry);
    return parsed.success ? buildApp(name, parsed.data, positionOf) : undefined;
  });
  const registries = readEntries<RegistryConfig>(tree.value, 'registries', problems, (name, entry) => {
    const parsed = registrySchema.safeParse(entry);
    return parsed.success ? buildRegistry(name, parsed.data, positionOf) : undefined;
  });
  const discovery = readDiscovery(tree.value.discovery, positionOf);
  checkDiscovery(tree.value, problems);
  const sidecarNames = Object.keys(section(tree.value, 'sidecars'));
  for (const [name, app] of Object.entries(section(tree.value, 'apps'))) {
    if (isMapping(app)) checkSidecarName(name, app.sidecar, sidecarNames, problems);
  }
  checkSidecarDirections(apps.values(), sidecars, problems);
  checkSidecarPorts(sidecars.values(), problems);
  checkInboundPorts(apps.values(), sidecars.values(), problems);
  const selecting = inFileOrder([...apps.values(), ...selectorsOf(tree.value, apps, positionOf)]);
  for (const { path, account, ...fault } of findSelectorClashes({ apps: selecting, sidecars })) {
    if (account === null) problems.atValue(path, fault);
    else problems.add(path, { ...account.position, length: writtenLength(account) }, fault);
  }
  const config = { file, sidecars, apps, registries, ...(discovery === undefined ? {} : { discovery }) };
  if (problems.all.length === 0) return { config };
  return { errors: problems.all, readable: { ...config, apps: selecting } };
}

function inFileOrder(apps: readonly AppConfig[]): ReadonlyMap<string, AppConfig> {
  const ordered = apps.toSorted((a, b) => a.position.line - b.position.line || a.position.column - b.position.column);
  return new Map(ordered.map((app) => [app.name, app]));
}

/** Apps with a mistake elsewhere, by what they select alone. */
function selectorsOf(
  root: Record<string, unknown>,
  read: ReadonlyMap<string, AppConfig>,
  positionOf: PositionOf,
): readonly AppConfig[] {
  return Object.entries(section(root, 'apps')).flatMap(([name, raw]) => {
    if (read.has(name) || !isMapping(raw)) return [];
    const parsed = appSchema.safeParse({ select: raw.select, sidecar: raw.sidecar });
    const app = parsed.success ? buildApp(name, parsed.data, positionOf) : undefined;
    return app === undefined ? [] : [app];
  });
}

function readDiscovery(raw: unknown, positionOf: PositionOf): DiscoveryConfig | undefined {
  if (raw === undefined) return undefined;
  const parsed = discoverySchema.safeParse(raw);
  return parsed.success ? buildDiscovery(parsed.data, positionOf) : undefined;
}

/** The entries of a section that could be read, in the order of the file. */
function readEntries<Entry>(
  root: Record<string, unknown>,
  kind: MeshSection,
  problems: ProblemList,
  read: (name: string, entry: unknown) => Entry | undefined,
): ReadonlyMap<string, Entry> {
  const entries = Object.entries(section(root, kind)).flatMap(([name, raw]) => {
    checkEntryRules(kind, name, raw, problems);
    const entry = read(name, raw);
    return entry === undefined ? [] : [{ name, entry, at: problems.positionOf([kind, name], 'key') }];
  });
  // JavaScript puts keys that are numbers first.
  const ordered = entries.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  return new Map(ordered.map(({ name, entry }) => [name, entry]));
}

function section(root: Record<string, unknown>, kind: MeshSection): Record<string, unknown> {
  const found = root[kind];
  return isMapping(found) ? found : {};
}
