/** Fleet objects out of files (YAML, one or more documents) and out of stores (JSON). */
import type { z } from 'zod/mini';
import { nearestWord } from '../../mesh/nearest-word.ts';
import type { SourcePosition } from '../../mesh/source-position.ts';
import type { ConfigProblem } from '../../mesh/yaml/config-problem.ts';
import { explainIssue } from '../../mesh/yaml/explain-issue.ts';
import { quoteValue } from '../../mesh/yaml/field-value.ts';
import { ProblemList } from '../../mesh/yaml/problem-list.ts';
import { type PlacedYaml, readYamlDocuments } from '../../mesh/yaml/yaml-tree.ts';
import {
  FLEET_API_VERSION,
  type FleetObject,
  OBJECT_KINDS,
  OBJECT_SCHEMAS,
  type ObjectKind,
} from './object-schemas.ts';

/** An object with its place. */
export interface PlacedObject {
  readonly object: FleetObject;
  /** The object as it is written: what a store keeps, so that every reader parses the same. */
  readonly source: Readonly<Record<string, unknown>>;
  readonly file: string;
  readonly position: SourcePosition;
}

/** All objects of a file, or everything that is wrong with it. */
export type ParsedObjects =
  | { readonly objects: readonly PlacedObject[] }
  | { readonly errors: readonly ConfigProblem[] };

/** Reads the text of a file; empty documents are left out. Never throws. */
export function parseObjects(source: string, file: string): ParsedObjects {
  const trees = readYamlDocuments(source);
  const objects: PlacedObject[] = [];
  const errors: ConfigProblem[] = [];
  const used = trees.filter(({ value, faults }) => faults.length > 0 || value !== null);
  if (used.length === 0) {
    const problems = new ProblemList(file, trees[0] ?? emptyTree());
    problems.atValue([], {
      what: 'the file holds no object',
      why: 'a fleet object is a map with apiVersion, kind, metadata and spec',
      hint: '`weir fleet schema` prints the schema of each kind',
    });
    return { errors: problems.all };
  }
  for (const tree of used) {
    const problems = new ProblemList(file, tree);
    const object = tree.faults.length > 0 ? null : readObject(tree.value, problems);
    if (problems.all.length > 0) errors.push(...problems.all);
    else if (object !== null) {
      const { line, column } = tree.locate([], 'value');
      objects.push({ object, source: JSON.parse(JSON.stringify(tree.value)), file, position: { line, column } });
    }
  }
  return errors.length > 0 ? { errors } : { objects };
}

function emptyTree(): PlacedYaml {
  const [tree] = readYamlDocuments('null\n');
  if (tree === undefined) throw new TypeError('a text has a document');
  return tree;
}

function readObject(value: unknown, problems: ProblemList): FleetObject | null {
  if (!isMap(value)) {
    problems.atValue([], {
      what: `the document holds ${quoteValue(value)}`,
      why: 'a fleet object is a map with apiVersion, kind, metadata and spec',
      hint: '`weir fleet schema` prints the schema of each kind',
    });
    return null;
  }
  const kind = OBJECT_KINDS.find((one) => one === value.kind);
  if (kind === undefined) {
    unknownKind(value, problems);
    return null;
  }
  if (value.apiVersion !== FLEET_API_VERSION && problems.has(['apiVersion'])) {
    problems.atValue(['apiVersion'], {
      what: `${quoteValue(value.apiVersion)} is not read by this weir`,
      why: isNewer(value.apiVersion)
        ? `it is newer than this weir, which reads ${FLEET_API_VERSION}`
        : `this weir reads ${FLEET_API_VERSION} only`,
      hint: isNewer(value.apiVersion) ? 'use the newer weir for it' : `write apiVersion: ${FLEET_API_VERSION}`,
    });
    return null;
  }
  const schema = OBJECT_SCHEMAS[kind];
  const parsed = schema.safeParse(value);
  if (!parsed.success) for (const issue of parsed.error.issues) explainIssue(issue, schema, value, problems);
  else checkMeaning(parsed.data, problems);
  return parsed.success ? parsed.data : null;
}

function unknownKind(value: Readonly<Record<string, unknown>>, problems: ProblemList): void {
  const near = typeof value.kind === 'string' ? nearestWord(value.kind, OBJECT_KINDS) : null;
  const isThere = problems.has(['kind']);
  const fault = {
    what: isThere ? `${quoteValue(value.kind)} is not a kind of weir` : 'kind is missing',
    why: `the kinds are ${OBJECT_KINDS.join(', ')}`,
    hint: near === null ? 'write one of them' : `did you mean ${near}?`,
  };
  if (isThere) problems.atValue(['kind'], fault);
  else problems.atKey([], fault);
}

/** What the schema of a kind cannot say. */
function checkMeaning(object: FleetObject, problems: ProblemList): void {
  if (object.kind === 'Gateway') checkListeners(object.spec.listeners, problems);
  if (object.kind !== 'SidecarRelease') return;
  const { version, gates, pods, hosts } = object.spec;
  if ((version.binary === undefined) === (version.image === undefined)) {
    problems.atKey(['spec', 'version'], {
      what: version.binary === undefined ? 'neither binary nor image is given' : 'binary and image are both given',
      why: 'a release is for hosts (binary and sha256) or for pods (image)',
      hint: 'write one of the two',
    });
  }
  if (version.binary !== undefined && version.sha256 === undefined) {
    problems.atKey(['spec', 'version'], {
      what: 'sha256 is missing',
      why: 'a path alone does not say which Envoy it is',
      hint: '`sha256sum FILE` prints it',
    });
  }
  if (pods !== undefined && hosts !== undefined) {
    problems.atKey(['spec', 'pods'], {
      what: 'pods and hosts are both given',
      why: 'a release is for hosts or for pods',
      hint: 'keep one of the two',
    });
  }
  for (const [index, gate] of gates.entries()) checkGate(gate, ['spec', 'gates', index], problems);
}

/** Listeners of one port are told apart by TLS and its host names: Envoy refuses two that would take the same connections. */
function checkListeners(
  listeners: Extract<FleetObject, { kind: 'Gateway' }>['spec']['listeners'],
  problems: ProblemList,
): void {
  const names = new Set<string>();
  const takers = new Map<string, string>();
  for (const [index, { name, port, hosts, tls }] of listeners.entries()) {
    const path = ['spec', 'listeners', index];
    if (names.has(name)) {
      problems.atValue([...path, 'name'], {
        what: `${quoteValue(name)} is the name of two listeners`,
        why: 'routes and statistics are told apart by it',
        hint: 'give one of the two another name',
      });
    }
    names.add(name);
    const isAny = tls === undefined || hosts === undefined || hosts.includes('*');
    for (const host of isAny ? ['*'] : new Set(hosts.map((one) => one.toLowerCase()))) {
      const taken = takers.get(`${port} ${host}`);
      if (taken !== undefined) {
        problems.atValue([...path, 'port'], {
          what: `the listener ${taken} takes ${host === '*' ? 'what comes' : `connections for ${host}`} to ${port} already`,
          why: 'listeners of one port are told apart by the host names of TLS, before the first request',
          hint: tls === undefined ? 'write the hosts of both into one listener' : 'give each of them hosts of its own',
        });
      }
      takers.set(`${port} ${host}`, taken ?? name);
    }
  }
}

function checkGate(
  gate: Extract<FleetObject, { kind: 'SidecarRelease' }>['spec']['gates'][number],
  path: readonly (string | number)[],
  problems: ProblemList,
): void {
  const wanted = gate.type === 'hosts' ? (['maxFailed'] as const) : (['url', 'query'] as const);
  for (const key of wanted) {
    if (gate[key] !== undefined) continue;
    problems.atKey(path, {
      what: `${key} is missing`,
      why: `a gate of type ${gate.type} needs it`,
      hint: `add ${key}`,
    });
  }
  if (gate.type === 'prometheus' && gate.min === undefined && gate.max === undefined) {
    problems.atKey(path, { what: 'min and max are missing', why: 'any value would pass', hint: 'add max or min' });
  }
}

/** What a store holds under a key, or why it cannot be read. */
export type StoredReading = { readonly object: FleetObject } | { readonly error: string };

/** Reads the JSON text that a store holds. Never throws. `name` and `kind` are those of the key. */
export function readStoredObject(kind: ObjectKind, name: string, json: string): StoredReading {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { error: `no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (!isMap(value)) return { error: 'no object: not a JSON map' };
  if (value.apiVersion !== FLEET_API_VERSION) {
    const version = typeof value.apiVersion === 'string' ? value.apiVersion : JSON.stringify(value.apiVersion);
    return {
      error: isNewer(value.apiVersion)
        ? `apiVersion ${version}: newer than this weir`
        : `apiVersion ${version}: this weir reads ${FLEET_API_VERSION}`,
    };
  }
  const parsed = OBJECT_SCHEMAS[kind].safeParse(value);
  if (!parsed.success) return { error: firstIssue(parsed.error.issues) };
  if (parsed.data.metadata.name !== name)
    return { error: `metadata.name is ${parsed.data.metadata.name}, not ${name}` };
  return { object: parsed.data };
}

function firstIssue(issues: readonly z.core.$ZodIssue[]): string {
  const [issue] = issues;
  if (issue === undefined) return 'not understood';
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') return `${[path, issue.keys[0]].filter(Boolean).join('.')}: not a key here`;
  return `${path || 'the object'}: ${issue.message}`;
}

/** Whether an apiVersion is a later one of weir's own. */
export function isNewer(version: unknown): boolean {
  const number = typeof version === 'string' ? /^weir\.dev\/v(\d+)/.exec(version)?.[1] : undefined;
  return number !== undefined && Number(number) > 1;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
