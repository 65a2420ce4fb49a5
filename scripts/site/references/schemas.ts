/** The JSON schemas as a page and as files: of what weir reads, and of what it prints with --json. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fleetSchemas } from '../../../src/fleet/model/json-schemas.ts';
import { formatMeshJsonSchema } from '../../../src/mesh/mesh-json-schema.ts';
import { cell, cellCode, table } from './text.ts';

interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** The page `schemas.md` and the files beside it, by name. */
export function schemaFiles(root: string): Map<string, string> {
  const results = globSync('test/contract/schemas/*.schema.json', { cwd: root })
    .sort()
    .map((file) => [basename(file), readFileSync(join(root, file), 'utf8')] as const);
  const read = [
    ['mesh.schema.json', formatMeshJsonSchema()],
    ['fleet.schema.json', `${JSON.stringify(fleetSchemas(), null, 2)}\n`],
  ] as const;
  const page = [
    ...['# JSON schemas', '', '## What weir reads', ''],
    ...['`weir config schema` and `weir fleet schema` print these two.', '', ...schemaTable(read), ''],
    ...['## What weir prints with --json', ''],
    ...['Each document is an envelope with the `result` of the command in it.', '', ...schemaTable(results), ''],
  ].join('\n');
  return new Map([
    ['schemas.md', page],
    ...[...read, ...results].map(([name, text]) => [`schemas/${name}`, text] as const),
  ]);
}

function schemaTable(files: readonly (readonly [string, string])[]): string[] {
  const rows = files.map(([name, text]) => {
    const { description, properties = {}, title } = JSON.parse(text) as Schema;
    return [
      `[${name}](schemas/${name})`,
      cell(description ?? title ?? ''),
      Object.keys(properties).map(cellCode).join(', '),
    ];
  });
  return table(['schema', 'of', 'fields at the top'], rows);
}
