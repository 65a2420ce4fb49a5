/** Finds the traps in SidecarSets and in releases for pods. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { ConfigPath } from '../../../mesh/yaml/config-problem.ts';
import type { PlacedYaml } from '../../../mesh/yaml/yaml-tree.ts';
import { unknownFields } from './container-fields.ts';
import { TRAPS, type TrapCode } from './traps.ts';

/** One finding. */
export interface FleetDiagnostic {
  readonly code: TrapCode;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly hint: string;
  readonly location: { readonly file: string; readonly line: number; readonly column: number };
}

/** What the judgement depends on. */
export interface LintContext {
  readonly file: string;
  /** The version of OpenKruise, such as 1.8.0. */
  readonly kruise: string;
  /** The documents as they were before. */
  readonly against: readonly unknown[];
  /** Annotations that ConfigMap kruise-configuration lets SidecarSets patch. */
  readonly whitelist: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;
type Find = (code: TrapCode, path: ConfigPath, what: string, hint?: string) => void;

/** The findings of one document; none for kinds that are not meant. */
export function lintDocument(tree: PlacedYaml, context: LintContext): FleetDiagnostic[] {
  const found: FleetDiagnostic[] = [];
  const document = fields(tree.value);
  const find: Find = (code, path, what, hint = TRAPS[code].hint) => {
    const part = tree.has(path) ? 'key' : 'value';
    const { line, column } = tree.locate(path, path.length === 0 ? 'value' : part);
    const { severity } = TRAPS[code];
    found.push({ code, severity, message: what, hint, location: { file: context.file, line, column } });
  };
  if (document.kind === 'SidecarSet') lintSidecarSet(document, context, find);
  if (document.kind === 'SidecarRelease') lintRelease(document, formerOf(document, context), find);
  return found.sort((a, b) => a.location.line - b.location.line || (a.code < b.code ? -1 : 1));
}

/** The annotations that a ConfigMap kruise-configuration allows; none for another document. */
export function whitelistOf(value: unknown): readonly string[] {
  const { kind, metadata, data } = fields(value);
  if (kind !== 'ConfigMap' || fields(metadata).name !== 'kruise-configuration') return [];
  try {
    const { rules } = JSON.parse(String(fields(data).SidecarSet_PatchPodMetadata_WhiteList ?? '{}'));
    return list(rules).flatMap((rule) => list(fields(rule).allowedAnnotationKeyExprs).map(String));
  } catch {
    return [];
  }
}

function lintSidecarSet(set: Fields, context: LintContext, find: Find): void {
  const spec = fields(set.spec);
  const update = fields(spec.updateStrategy);
  if (set.apiVersion === 'apps.kruise.io/v1beta1' && !servesV1beta1(context.kruise)) {
    find('WF005', ['apiVersion'], `OpenKruise ${context.kruise} does not serve apps.kruise.io/v1beta1`);
  }
  if (update.maxUnavailable !== undefined && /^0+%?$/.test(String(update.maxUnavailable))) {
    find('WF002', ['spec', 'updateStrategy', 'maxUnavailable'], 'maxUnavailable is 0: no pod will ever be upgraded');
  }
  if (holdsBack(update.partition) && fields(spec.injectionStrategy).revision === undefined) {
    find(
      'WF009',
      ['spec', 'updateStrategy', 'partition'],
      `partition ${String(update.partition)} without injectionStrategy.revision: new pods get the new version all the same`,
    );
  }
  for (const [index, container] of list(spec.containers).entries()) {
    lintContainer(fields(container), ['spec', 'containers', index], find);
  }
  for (const [index, container] of list(spec.initContainers).entries()) {
    findUnknown(container, ['spec', 'initContainers', index], find);
  }
  for (const [index, patch] of list(spec.patchPodMetadata).entries()) {
    const refused = Object.keys(fields(fields(patch).annotations)).filter((key) => !isAllowed(key, context.whitelist));
    if (refused.length === 0) continue;
    const path = ['spec', 'patchPodMetadata', index];
    find('WF006', path, `patchPodMetadata: ${refused.join(', ')} is in no whitelist that was given`);
  }
  const before = formerOf(set, context);
  if (before !== undefined) compare(set, before, find);
}

/** The document of the same kind and name as it was before. */
function formerOf({ kind, metadata }: Fields, { against }: LintContext): Fields | undefined {
  const { name } = fields(metadata);
  return against.map(fields).find((one) => one.kind === kind && fields(one.metadata).name === name);
}

function lintContainer(container: Fields, path: ConfigPath, find: Find): void {
  const strategy = fields(container.upgradeStrategy);
  const name = String(container.name ?? '?');
  findUnknown(container, path, find);
  if (strategy.upgradeType !== 'HotUpgrade') return;
  const { hotUpgradeEmptyImage: empty } = strategy;
  if (empty === undefined || empty === null || empty === '') {
    find('WF001', [...path, 'upgradeStrategy'], `${name}: HotUpgrade without hotUpgradeEmptyImage`);
  }
  if (Object.keys(fields(fields(container.lifecycle).postStart)).length === 0) {
    find('WF004', path, `${name}: HotUpgrade without lifecycle.postStart`);
  }
}

function findUnknown(container: unknown, path: ConfigPath, find: Find): void {
  const name = String(fields(container).name ?? '?');
  for (const unknown of unknownFields(container)) {
    const hint = unknown.near === null ? undefined : `did you mean ${unknown.near}?`;
    find('WF003', [...path, ...unknown.path], `${name}: ${unknown.path.join('.')} is no field of a container`, hint);
  }
}

function compare(set: Fields, before: Fields, find: Find): void {
  const [spec, old] = [fields(set.spec), fields(before.spec)];
  const partition = fields(spec.updateStrategy).partition;
  const names = (one: Fields) => list(one.containers).map((container) => String(fields(container).name));
  const others = [...new Set(names(spec)).symmetricDifference(new Set(names(old)))];
  if (others.length > 0) find('WF013', ['spec', 'containers'], `containers added or taken away: ${others.join(', ')}`);
  const wasMoving = isBetween(fields(old.updateStrategy).partition);
  for (const [index, one] of list(spec.containers).entries()) {
    const container = fields(one);
    const former = list(old.containers)
      .map(fields)
      .find(({ name }) => name === container.name);
    if (former === undefined) continue;
    const path = ['spec', 'containers', index];
    const name = String(container.name);
    const [type, formerType] = [container, former].map(
      (each) => fields(each.upgradeStrategy).upgradeType ?? 'ColdUpgrade',
    );
    if (type !== formerType) {
      find(
        'WF010',
        [...path, 'upgradeStrategy', 'upgradeType'],
        `${name}: upgradeType was ${formerType}, now it is ${type}`,
      );
    }
    if (container.image === former.image) continue;
    const changed = changedFields(container, former);
    if (changed.length > 0) {
      find('WF007', [...path, changed[0] ?? ''], `${name}: ${changed.join(', ')} changed together with the image`);
    }
    const isBack = wasMoving || isOlder(String(container.image), String(former.image));
    if (isBack && holdsBack(partition)) {
      const text = `${name}: the image goes from ${former.image} to ${container.image} while partition is ${partition}: pods that have ${former.image} keep it`;
      find('WF008', ['spec', 'updateStrategy', 'partition'], text);
    }
  }
}

/** Fields of a container that only new pods get. */
function changedFields(container: Fields, former: Fields): string[] {
  const own = new Set(['image', 'upgradeStrategy', 'podInjectPolicy', 'shareVolumePolicy']);
  const names = [...new Set([...Object.keys(container), ...Object.keys(former)])].filter((name) => !own.has(name));
  return names.filter((name) => !isDeepStrictEqual(plain(container[name]), plain(former[name])));
}

function lintRelease(release: Fields, before: Fields | undefined, find: Find): void {
  const spec = fields(release.spec);
  const { image, emptyImage, hostImage } = fields(spec.version);
  const old = before === undefined ? { image, hostImage } : fields(fields(before.spec).version);
  const former = old.hostImage;
  const isBoth = hostImage !== undefined && former !== undefined && hostImage !== former && image !== old.image;
  if (isBoth) find('WF014', ['spec', 'version', 'hostImage'], 'version.image and version.hostImage change together');
  if ((hostImage === undefined) !== (former === undefined)) {
    const what = hostImage === undefined ? 'taken away' : 'new';
    find('WF013', ['spec', 'version'], `version.hostImage is ${what}: the container weir-host`);
  }
  if (image === undefined && spec.pods === undefined) return;
  if (image !== undefined && emptyImage === undefined) {
    find('WF001', ['spec', 'version'], 'a release for pods has no version.emptyImage');
  }
  let reached = 0;
  for (const [index, one] of list(spec.waves).entries()) {
    const { names, labels, percent } = fields(one);
    const path = ['spec', 'waves', index];
    if (names !== undefined) find('WF011', path, 'a wave of pods cannot be names');
    if (labels !== undefined && percent !== undefined)
      find('WF011', path, 'a wave of pods is labels or percent, not both');
    if (labels === undefined && percent !== undefined && Number(percent) <= reached) {
      find('WF012', path, `${percent} per cent after ${reached}: this wave moves nothing`);
    }
    if (percent !== undefined) reached = Math.max(reached, Number(percent));
    else if (labels === undefined && names === undefined) reached = 100;
  }
  const count = list(spec.waves).length;
  if (count > 0 && reached < 100) {
    find('WF012', ['spec', 'waves', count - 1], `the waves end at ${reached} per cent`);
  }
}

/** v1beta1 of SidecarSets came after 1.8. */
function servesV1beta1(kruise: string): boolean {
  const [major = 0, minor = 0] = kruise.replace(/^v/, '').split('.').map(Number);
  return major > 1 || (major === 1 && minor > 8);
}

/** Whether some pods keep the former version. */
function holdsBack(partition: unknown): boolean {
  return partition !== undefined && partition !== null && !/^0+%?$/.test(String(partition));
}

function isBetween(partition: unknown): boolean {
  return holdsBack(partition) && String(partition) !== '100%';
}

/** Whether a tag is a lower version than another one; false where that cannot be told. */
function isOlder(image: string, than: string): boolean {
  const numbers = (one: string) => /:v?(\d+(?:\.\d+)*)/.exec(one)?.[1]?.split('.').map(Number) ?? [];
  const [a, b] = [numbers(image), numbers(than)];
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function isAllowed(key: string, whitelist: readonly string[]): boolean {
  return whitelist.some((expression) => {
    try {
      return new RegExp(expression).test(key);
    } catch {
      return false;
    }
  });
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Without the missing prototypes of what a YAML reader makes. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
