/** A parsed mesh.yaml as bytes: kept beside the state, so that a file that has not changed is not parsed again. */
import { createHash } from 'node:crypto';
import type { MeshConfig } from './mesh-config.ts';

/** Files in the state directory that hold it: the text itself, and one that a crash may leave. */
export const PARSED_MESH_FILES = ['mesh.parsed', 'mesh.parsed.new'] as const;

/** The form of the file; another form is not read. */
const FORM = 1;

/** What a kept text was made from: it counts for exactly these. */
export interface ParsedFrom {
  /** The text of mesh.yaml. */
  readonly source: string;
  /** The build of weir that parsed it; another one may read the same text otherwise. */
  readonly build: string;
}

/** The first line says what the second one was made from, and how it must be hashed. */
interface Head {
  readonly form: number;
  readonly build: string;
  readonly source: string;
  readonly body: string;
}

/** Two lines of JSON. Names of users and groups are still names: accounts may change while the file does not. */
export function encodeParsedMesh(config: MeshConfig, { source, build }: ParsedFrom): string {
  const { sidecars, apps, registries, discovery } = config;
  const body = JSON.stringify({
    sidecars: [...sidecars.values()],
    apps: [...apps.values()],
    ...(registries === undefined ? {} : { registries: [...registries.values()] }),
    ...(discovery === undefined ? {} : { discovery }),
  });
  const head: Head = { form: FORM, build, source: sha256(source), body: sha256(body) };
  return `${JSON.stringify(head)}\n${body}\n`;
}

/**
 * The config in a kept text; null when it was made from anything else, in another form, or is not whole. `file` is the
 * name of mesh.yaml for messages. Never throws.
 */
export function decodeParsedMesh(text: string, { source, build }: ParsedFrom, file: string): MeshConfig | null {
  const end = text.indexOf('\n');
  const head = readHead(text.slice(0, Math.max(0, end)));
  if (head === null || head.form !== FORM || head.build !== build || head.source !== sha256(source)) return null;
  const body = text.slice(end + 1, -1);
  if (!text.endsWith('\n') || head.body !== sha256(body)) return null;
  const { sidecars, apps, registries, discovery } = JSON.parse(body) as {
    sidecars: MeshConfig['sidecars'] extends ReadonlyMap<string, infer One> ? One[] : never;
    apps: MeshConfig['apps'] extends ReadonlyMap<string, infer One> ? One[] : never;
    registries?: NonNullable<MeshConfig['registries']> extends ReadonlyMap<string, infer One> ? One[] : never;
    discovery?: NonNullable<MeshConfig['discovery']>;
  };
  return {
    file,
    sidecars: byName(sidecars),
    apps: byName(apps),
    ...(registries === undefined ? {} : { registries: byName(registries) }),
    ...(discovery === undefined ? {} : { discovery }),
  };
}

function readHead(line: string): Partial<Head> | null {
  try {
    const head: unknown = JSON.parse(line);
    return typeof head === 'object' ? head : null;
  } catch {
    return null;
  }
}

function byName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((one) => [one.name, one]));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
