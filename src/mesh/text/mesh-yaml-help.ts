/** The text of `weir help mesh-yaml`. */
import { EXAMPLE_MESH_YAML } from '../example-mesh.ts';
import { buildMeshJsonSchema, type JsonSchema } from '../mesh-json-schema.ts';

/** A line that is no longer than this is easy to read on a terminal of 80 columns. */
const WIDTH = 78;

/** The text of `weir help mesh-yaml`: an example, then every key as the schema describes it. */
export function meshYamlHelp(): string {
  const keys = meshKeys().map(keyParagraph);
  return `mesh.yaml says which apps go through which sidecar. weir reads the file that
--config names, else $WEIR_CONFIG, else /etc/weir/mesh.yaml.

${indent(EXAMPLE_MESH_YAML.trimEnd())}

Every key (NAME stands for a name of yours, * marks a key that is needed):

${keys.join('\n\n')}

Across entries: no two apps select the same user, group or slice, none selects
the user or group of a sidecar, no two listeners share a port, and a port is
inbound of one app only. Users and groups that are names have to exist on the
host; numbers do not. Beside one app with all: true others may select their own
processes.

The kernel knows a connection by the user and the primary group under which its
socket was made: one that was made as root, before the process took its own
account, goes direct, and so do those of a supplementary group.

Check a file:             weir config check --config FILE
For another host:         weir config check --config FILE --offline
JSON Schema for editors:  weir config schema
`;
}

/** A key of mesh.yaml, as its schema describes it. */
export interface MeshKey {
  /** From the top, `sidecars.NAME.user`; NAME stands for a name of the reader's. */
  readonly path: string;
  readonly needed: boolean;
  readonly description: string;
  /** What counts when it is left out; undefined when nothing does. */
  readonly fallback: unknown;
  /** The key below which the same keys are described; this entry then stands for all of them. */
  readonly sameAs: string | undefined;
}

/** Every key of mesh.yaml in the order of the schema. */
export function meshKeys(): MeshKey[] {
  return keysBelow(buildMeshJsonSchema(), '', new Map());
}

/** The keys below `schema`; those that were described at another place are only pointed to. */
function keysBelow(schema: JsonSchema, path: string, seen: Map<string, string>): MeshKey[] {
  const map = mapOf(schema);
  const entries = map?.additionalProperties ? { NAME: map.additionalProperties } : map?.properties;
  if (map === undefined || entries === undefined) return [];
  // outbound and inbound, consumer and provider take the same keys: once is enough for a reader.
  const signature = JSON.stringify(entries);
  const twin = seen.get(signature);
  const same = { path: `${path}.*`, needed: false, description: '', fallback: undefined, sameAs: twin };
  if (twin !== undefined) return [same];
  seen.set(signature, path);
  return Object.entries(entries).flatMap(([key, value]) => {
    const name = path === '' ? key : `${path}.${key}`;
    const needed = map.required?.includes(key) === true;
    const { description = '' } = value;
    // The keys of a map say themselves what counts without them.
    const fallback = mapOf(value) !== undefined && isEmptyMap(value.default) ? undefined : value.default;
    return [{ path: name, needed, description, fallback, sameAs: undefined }, ...keysBelow(value, name, seen)];
  });
}

function keyParagraph({ path, needed, description, fallback, sameAs }: MeshKey): string {
  if (sameAs !== undefined) return `${path}\n    The same keys as below ${sameAs}.`;
  const left = fallback === undefined ? '' : ` Left out: ${fallbackText(fallback)}.`;
  return `${path}${needed ? ' *' : ''}\n${indent(wrap(`${description}${left}`))}`;
}

/** A default as mesh.yaml writes it. */
export function fallbackText(fallback: unknown): string {
  return typeof fallback === 'object' ? JSON.stringify(fallback) : String(fallback);
}

/** Of a choice between `false` and a map, the map. */
function mapOf(schema: JsonSchema): JsonSchema | undefined {
  if (schema.properties !== undefined || schema.additionalProperties !== undefined) return schema;
  return schema.anyOf?.find(({ properties }) => properties !== undefined);
}

function isEmptyMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function wrap(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + word.length + 1 > WIDTH - 4) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ');
}
