/** `weir fleet lint`: the traps in SidecarSets and releases of files. */
import { readYamlDocuments } from '../../mesh/yaml/yaml-tree.ts';
import { GATEWAY_POD } from '../model/gateway/gateway-documents.ts';
import { type FleetDiagnostic, lintDocument, whitelistOf } from '../model/kruise/lint-sidecar-set.ts';
import { TRAPS, type TrapCode } from '../model/kruise/traps.ts';
import { type PlacedObject, parseObjects } from '../model/parse-objects.ts';
import { fleetMistakes } from './fleet.ts';
import type { ReadObjectsText } from './read-files.ts';
import { renderGateway } from './render-release.ts';

/** The result. */
export interface FleetLint {
  readonly files: readonly { readonly path: string; readonly diagnostics: readonly FleetDiagnostic[] }[];
}

/** Reads and judges. Throws WEIR1601 (no YAML, or an object of the fleet, or routes of a gateway, with mistakes), WEIR1602. */
export async function lintFiles(
  files: readonly string[],
  { against, kruise }: { readonly against: string | null; readonly kruise: string },
  readText: ReadObjectsText,
): Promise<FleetLint> {
  const texts = await Promise.all(files.map(async (path) => ({ path, text: await readText(path) })));
  const before = against === null ? [] : readYamlDocuments(await readText(against)).map(({ value }) => value);
  const whitelist = texts.flatMap(({ text }) => readYamlDocuments(text).flatMap(({ value }) => whitelistOf(value)));
  const gateways: PlacedObject[] = [];
  const result = {
    files: texts.map(({ path, text }) => {
      const trees = readYamlDocuments(text);
      const isBroken = trees.some(({ faults }) => faults.length > 0);
      // Objects of weir are checked as `apply` does it; beside documents of others their traps are looked for alone.
      if (isBroken || trees.every(({ value }) => isOwn(value))) {
        const parsed = parseObjects(text, path);
        if ('errors' in parsed) throw fleetMistakes(parsed.errors);
        gateways.push(...parsed.objects.filter(({ object }) => object.kind === 'Gateway'));
      }
      const context = { file: path, kruise, against: before, whitelist };
      return { path, diagnostics: trees.flatMap((tree) => lintDocument(tree, context)) };
    }),
  };
  // A gateway is what its routes make of it.
  for (const one of gateways) await renderGateway(one, GATEWAY_POD, readText);
  return result;
}

function isOwn(value: unknown): boolean {
  return String((value as { apiVersion?: unknown } | null)?.apiVersion).startsWith('weir.dev/');
}

/** The findings as SARIF 2.1.0 (OASIS). */
export function lintSarif({ files }: FleetLint, version: string): string {
  const all = files.flatMap(({ diagnostics }) => diagnostics);
  const codes = [...new Set(all.map(({ code }) => code))].sort() as TrapCode[];
  const rules = codes.map((id) => ({
    id,
    shortDescription: { text: TRAPS[id].title },
    fullDescription: { text: TRAPS[id].why },
    help: { text: TRAPS[id].hint },
    defaultConfiguration: { level: TRAPS[id].severity },
  }));
  const results = all.map(({ code, severity, message, location: { file, line, column } }) => ({
    ...{ ruleId: code, ruleIndex: codes.indexOf(code), level: severity, message: { text: message } },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: file.split('/').map(encodeURIComponent).join('/') },
          region: { startLine: line, startColumn: column },
        },
      },
    ],
  }));
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'weir', version, rules } }, columnKind: 'utf16CodeUnits', results }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
