/** The keys of mesh.yaml as a page, from the schema that the parser uses. */
import { EXAMPLE_MESH_YAML } from '../../../src/mesh/example-mesh.ts';
import { fallbackText, type MeshKey, meshKeys } from '../../../src/mesh/text/mesh-yaml-help.ts';
import { cell, cellCode, fence, table } from './text.ts';

/** A section for each key at the top, with a table of what stands below it. */
export function meshYamlPage(): string {
  const sections = [...Map.groupBy(meshKeys(), ({ path }) => path.split('.')[0] ?? '')].flatMap(([top, keys]) => {
    const [head, ...rest] = keys;
    return [
      ...[`## ${top}`, '', `${cell(head?.description ?? '')}${leftOut(head)}${head?.needed ? ' Needed.' : ''}`, ''],
      ...(rest.length === 0 ? [] : [...table(['key', 'says'], rest.map(row)), '']),
    ];
  });
  const intro =
    'mesh.yaml says which applications go through which sidecar. weir reads the file that `--config` names, else `$WEIR_CONFIG`, ' +
    'else `/etc/weir/mesh.yaml`. `weir config check` checks it, `weir help mesh-yaml` prints these keys, and editors complete ' +
    'them by the [JSON Schema](schemas.md).';
  const keys = '`NAME` stands for a name of yours; **needed** marks a key that may not be left out.';
  return ['# mesh.yaml', '', intro, '', ...fence(EXAMPLE_MESH_YAML.trimEnd(), 'yaml'), '', keys, '', ...sections].join(
    '\n',
  );
}

function row(key: MeshKey): string[] {
  const { description, needed, path, sameAs } = key;
  if (sameAs !== undefined) return [cellCode(path), `The same keys as below ${cellCode(sameAs)}.`];
  return [cellCode(path), `${cell(description)}${leftOut(key)}${needed ? ' **needed**' : ''}`];
}

function leftOut(key: MeshKey | undefined): string {
  return key?.fallback === undefined ? '' : ` Left out: ${cellCode(fallbackText(key.fallback))}.`;
}
