/** Rules of one entry of mesh.yaml that concern several of its keys. */
import { ENVIRONMENT_NAME_PATTERN, ownFlagAmong } from './launch-values.ts';
import { MESH_NAME_PATTERN } from './mesh-schema.ts';
import { SELECTOR_KEYS } from './selector-kinds.ts';
import type { ConfigPath } from './yaml/config-problem.ts';
import { quoteValue, type ValueFault } from './yaml/field-value.ts';
import type { ProblemList } from './yaml/problem-list.ts';

const NAME = new RegExp(MESH_NAME_PATTERN);
const NEEDS_BINARY = [
  'concurrency',
  'drain',
  'notify',
  'args',
  'env',
  'capabilities',
  'sha256',
  'check',
  'bake',
  'bakeMemory',
  'drainSpread',
] as const;
/** What a registry may have beside its kind. */
const REGISTRY_COMMON = ['root', 'services', 'namespace', 'auth'];
const ENVIRONMENT_NAME = new RegExp(ENVIRONMENT_NAME_PATTERN);

/** A section of mesh.yaml whose entries have names. */
export type MeshSection = 'sidecars' | 'apps' | 'registries';

const CHECKS: Readonly<
  Record<MeshSection, (entry: Record<string, unknown>, path: ConfigPath, problems: ProblemList) => void>
> = {
  sidecars: checkSidecar,
  apps: checkApp,
  registries: (entry, path, problems) =>
    exactlyOne(entry, ['zookeeper', 'nacos'], path, problems, 'a registry is of one kind', REGISTRY_COMMON),
};

const ENTRY_NOUNS = { sidecars: 'sidecar', apps: 'app', registries: 'registry' } as const;

/** Rules of one entry that concern several keys at once. They look at which keys are there, whatever their values. */
export function checkEntryRules(kind: MeshSection, name: string, entry: unknown, problems: ProblemList): void {
  const path = [kind, name];
  if (!NAME.test(name)) {
    problems.add([kind], problems.spanOfKey(path), {
      what: `${quoteValue(name)} is not a name`,
      why: 'a name begins with a letter or digit and has letters, digits, dots, underscores and hyphens, at most 63',
      hint: `rename the ${ENTRY_NOUNS[kind]}: its name goes into rules, file names and command lines`,
    });
  }
  if (!isMapping(entry)) return;
  CHECKS[kind](entry, path, problems);
}

/** Whether a value of the YAML tree is a map. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// In step with `anyOf` and `dependentRequired` of the JSON Schema: the tests compare the two.
function checkSidecar(entry: Record<string, unknown>, path: ConfigPath, problems: ProblemList): void {
  if (!('user' in entry) && !('group' in entry)) {
    problems.atKey(path, {
      what: 'neither user nor group is given',
      why: "without one of them the sidecar's own connections would be redirected to itself, in a loop",
      hint: 'add user: the name or number of the user that the sidecar runs as',
    });
  }
  const process = (['binary', 'bootstrap'] as const).filter((key) => key in entry);
  for (const key of process.length === 1 ? process : []) {
    const other = key === 'binary' ? 'bootstrap' : 'binary';
    problems.atKey([...path, key], {
      what: `${other} is missing beside it`,
      why: 'weir starts an Envoy only with both a binary and a bootstrap file',
      hint: `add ${other}, or take ${key} out if weir does not run this sidecar`,
    });
  }
  for (const key of process.length === 0 ? NEEDS_BINARY.filter((one) => one in entry) : []) {
    problems.atKey([...path, key], {
      what: 'it has no effect here',
      why: 'it is for a sidecar that weir runs, and that needs binary and bootstrap',
      hint: `add binary and bootstrap, or take ${key} out`,
    });
  }
  checkNotify(entry.notify, [...path, 'notify'], problems);
  checkLaunch(entry, path, problems);
}

function checkLaunch(entry: Record<string, unknown>, path: ConfigPath, problems: ProblemList): void {
  const own = Array.isArray(entry.args) ? ownFlagAmong(entry.args) : null;
  if (own !== null) {
    problems.atKey([...path, 'args'], {
      what: `${own} is set by weir itself`,
      why: 'Envoy refuses a flag that is given twice, and a hot restart needs the value that weir gives',
      hint: `take ${own} out; concurrency and drain have keys of their own`,
    });
  }
  for (const name of isMapping(entry.env) ? Object.keys(entry.env) : []) {
    if (ENVIRONMENT_NAME.test(name)) continue;
    problems.atKey([...path, 'env', name], {
      what: `${quoteValue(name)} is not the name of a variable`,
      why: 'a name has letters, digits and underscores, and begins with no digit',
      hint: 'rename it',
    });
  }
  if (!isMapping(entry.check)) return;
  exactlyOne(entry.check, ['http', 'exec'], [...path, 'check'], problems, 'a sidecar is checked in one way');
  checkProgram(entry.check.exec, [...path, 'check', 'exec'], problems);
}

// `exec` runs without a shell, and the supervisor's PATH is that of systemd.
function checkProgram(argv: unknown, path: ConfigPath, problems: ProblemList): void {
  const program = Array.isArray(argv) ? argv[0] : undefined;
  if (typeof program !== 'string' || program.startsWith('/')) return;
  problems.atValue([...path, 0], {
    what: `${quoteValue(program)} is not an absolute path`,
    why: 'the program is started without a shell and without PATH',
    hint: 'write the whole path of the program',
  });
}

function checkNotify(notify: unknown, path: ConfigPath, problems: ProblemList): void {
  if (!isMapping(notify)) return;
  if (Object.keys(notify).length === 0) {
    problems.atKey(path, {
      what: 'neither consumer nor provider is given',
      why: 'there would be nobody to tell',
      hint: 'add consumer or provider, or take notify out',
    });
  }
  for (const role of ['consumer', 'provider']) {
    const target = notify[role];
    if (!isMapping(target)) continue;
    const rolePath = [...path, role];
    exactlyOne(target, ['http', 'exec', 'dubboQos'], rolePath, problems, 'an SDK is told in one way');
    checkProgram(target.exec, [...rolePath, 'exec'], problems);
  }
}

// In step with `not` of the JSON Schema of an app, and `minProperties` of `consumes`.
function checkApp(entry: Record<string, unknown>, path: ConfigPath, problems: ProblemList): void {
  if (isMapping(entry.consumes) && Object.keys(entry.consumes).length === 0) {
    problems.atKey([...path, 'consumes'], {
      what: 'neither apps nor interfaces are given',
      why: 'there would be nothing to discover',
      hint: 'add apps or interfaces, or write consumes: auto',
    });
  }
  if (isMapping(entry.select)) {
    exactlyOne(entry.select, SELECTOR_KEYS, [...path, 'select'], problems, 'an app is selected in one way');
  }
  if (entry.outbound === false && (entry.inbound === undefined || entry.inbound === false)) {
    problems.atKey([...path, 'outbound'], {
      what: 'nothing of this app goes through the sidecar',
      why: 'outbound is false and inbound is none',
      hint: 'take outbound: false out, or add inbound',
    });
  }
}

// In step with `minProperties` and `maxProperties` or `oneOf` of the JSON Schema. `beside`: other keys that the map may have.
function exactlyOne(
  map: Record<string, unknown>,
  keys: readonly string[],
  path: ConfigPath,
  problems: ProblemList,
  why: string,
  beside: readonly string[] = [],
): void {
  const present = keys.filter((key) => key in map);
  // A misspelt key is told as such already.
  const hasUnknown = Object.keys(map).some((key) => !keys.includes(key) && !beside.includes(key));
  if (present.length === 1 || (present.length === 0 && hasUnknown)) return;
  const fault: Omit<ValueFault, 'what'> = { why, hint: `write exactly one of ${keys.join(', ')}` };
  const [, second] = present;
  if (second === undefined) problems.atKey(path, { ...fault, what: `none of ${keys.join(', ')} is given` });
  else
    problems.add(path, problems.spanOfKey([...path, second]), { ...fault, what: `${present.join(' and ')} are given` });
}
