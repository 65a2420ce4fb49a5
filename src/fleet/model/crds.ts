/** The CustomResourceDefinitions of fleet objects and of weir's records, from the schemas that the parsers use. */
import * as z from 'zod/mini';
import { FIELD_NOTES } from '../../mesh/yaml/schema-field.ts';
import { CHANGE_FIELD, CLUSTER_FOLDERS } from './cluster-objects.ts';
import { OBJECT_KINDS, OBJECT_SCHEMAS, type ObjectKind } from './object-schemas.ts';
import { hostRecordSchema, hostStatusSchema, rolloutSchema } from './records.ts';

/** The group of weir's kinds. */
export const CRD_GROUP = 'weir.dev';

type Json = Readonly<Record<string, unknown>>;

const ANY = { 'x-kubernetes-preserve-unknown-fields': true } as const;
const LABELS = { type: 'object', additionalProperties: { type: 'string' } } as const;
const CONDITIONS = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object',
    required: ['type', 'status'],
    properties: {
      type: { type: 'string' },
      status: { type: 'string' },
      reason: { type: 'string' },
      message: { type: 'string' },
      observedGeneration: { type: 'integer', format: 'int64' },
      lastTransitionTime: { type: 'string', format: 'date-time' },
    },
  },
} as const;

/** Columns of `kubectl get`, by kind. */
const COLUMNS: Readonly<Record<string, readonly (readonly [name: string, path: string, type?: string])[]>> = {
  MeshPolicy: [
    ['Apps', '.spec.apps'],
    ['Priority', '.spec.priority', 'integer'],
  ],
  SidecarRelease: [
    ['Version', '.spec.version.name'],
    ['State', '.status.state'],
    ['Wave', '.status.wave', 'integer'],
    ['Reason', '.status.reason'],
  ],
  Gateway: [
    ['Replicas', '.spec.replicas', 'integer'],
    ['Ready', '.status.conditions[?(@.type=="Ready")].status'],
  ],
  HostStatus: [
    ['Weir', '.status.weir'],
    ['At', '.status.at'],
  ],
  HistoryEntry: [
    ['By', '.entry.by'],
    ['Verb', '.entry.verb'],
    ['Kind', '.entry.kind'],
    ['Object', '.entry.name'],
    ['Why', '.entry.why'],
  ],
};

/** All definitions, in the order of the keys of a region. */
export function fleetCrds(): readonly Json[] {
  const kinds = new Map(
    CLUSTER_FOLDERS.filter(({ isStatus }) => isStatus !== true).map((one) => [one.kind, one.plural]),
  );
  return [...kinds].map(([kind, plural]) => {
    const isWritten = OBJECT_KINDS.includes(kind as ObjectKind);
    const hasStatus = kind === 'SidecarRelease' || kind === 'Gateway';
    const columns = (COLUMNS[kind] ?? []).map(([name, jsonPath, type = 'string']) => ({ name, type, jsonPath }));
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${CRD_GROUP}` },
      spec: {
        group: CRD_GROUP,
        names: {
          kind,
          plural,
          singular: kind.toLowerCase(),
          listKind: `${kind}List`,
          ...(isWritten && { categories: ['weir'] }),
        },
        scope: 'Namespaced',
        versions: [
          {
            ...{ name: 'v1', served: true, storage: true },
            schema: { openAPIV3Schema: schemaOf(kind) },
            ...(hasStatus && { subresources: { status: {} } }),
            ...(columns.length > 0 && { additionalPrinterColumns: columns }),
          },
        ],
      },
    };
  });
}

function schemaOf(kind: string): Json {
  const head = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' } };
  const object = (properties: Json, required: readonly string[] = []) => ({
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: { ...head, ...properties },
  });
  switch (kind) {
    case 'MeshPolicy':
    case 'Gateway':
    case 'SidecarRelease': {
      const spec = part(OBJECT_SCHEMAS[kind], 'spec');
      if (kind === 'MeshPolicy') return object({ spec }, ['spec']);
      const rollout =
        kind === 'SidecarRelease' ? ((structural(jsonSchema(rolloutSchema)).properties ?? {}) as Json) : {};
      const own = { conditions: CONDITIONS, [CHANGE_FIELD]: { type: 'string' } };
      return object({ spec, status: { type: 'object', properties: { ...rollout, ...own } } }, ['spec']);
    }
    case 'Host': {
      const { apps, lastSeen, stopped, pod } = (structural(jsonSchema(hostRecordSchema)).properties ?? {}) as Json;
      return object({ labels: LABELS, apps, lastSeen, stopped, pod });
    }
    case 'HostStatus':
      return object({ labels: LABELS, status: part(hostStatusSchema, 'status') });
    case 'HistoryEntry':
      return object({ entry: { type: 'object', ...ANY } });
    case 'Acceptance':
      return object({ accepted: { type: 'object', ...ANY } });
    default:
      throw new TypeError(`no schema for ${kind}`);
  }
}

function part(schema: z.core.$ZodType, field: string): Json {
  const { properties } = structural(jsonSchema(schema)) as { properties: Record<string, Json> };
  return properties[field] ?? {};
}

function jsonSchema(schema: z.core.$ZodType): Json {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema: own }) => {
      const notes = FIELD_NOTES.get(zodSchema);
      if (notes === undefined) return;
      Object.assign(own, { description: `${notes.description} Accepts ${notes.accepts}.` }, notes.json);
    },
  }) as Json;
}

/** A JSON Schema as the API server takes it (structural): one type a value, no unions, no closed maps. */
function structural(schema: Json): Json {
  const { $schema: _schema, default: _default, additionalProperties, propertyNames: _names, anyOf, ...rest } = schema;
  const out: Record<string, unknown> = { ...rest };
  if (Array.isArray(anyOf)) {
    const choices = (anyOf as Json[]).filter(({ type }) => type !== 'null');
    const isNullable = choices.length < anyOf.length;
    const [only] = choices;
    const types = choices.map(({ type }) => type).sort();
    if (choices.length === 1 && only !== undefined) Object.assign(out, structural(only));
    else if (
      types.includes('string') &&
      types.every((type) => type === 'string' || type === 'integer' || type === 'number')
    ) {
      Object.assign(out, { 'x-kubernetes-int-or-string': true });
    } else Object.assign(out, ANY);
    if (isNullable) out.nullable = true;
  }
  if (Array.isArray(out.type)) {
    out.nullable = true;
    out.type = out.type.find((type) => type !== 'null');
  }
  if ('const' in out) {
    out.enum = [out.const];
    delete out.const;
  }
  if (typeof additionalProperties === 'object' && additionalProperties !== null) {
    out.additionalProperties = structural(additionalProperties as Json);
  }
  if (out.properties !== undefined) {
    const entries = Object.entries(out.properties as Record<string, Json>);
    out.properties = Object.fromEntries(entries.map(([name, one]) => [name, structural(one)]));
  }
  if (out.items !== undefined) out.items = structural(out.items as Json);
  // A value without a type is any value.
  const isTyped = out.type !== undefined || out['x-kubernetes-int-or-string'] === true;
  if (!isTyped) out['x-kubernetes-preserve-unknown-fields'] = true;
  return out;
}
