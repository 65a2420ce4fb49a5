/** The JSON Schema of mesh.yaml, for editors and `weir config schema`. */
import * as z from 'zod/mini';
import { meshSchema } from './mesh-schema.ts';
import { FIELD_NOTES } from './yaml/schema-field.ts';

/** A JSON Schema, or a part of one. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | false;
  readonly anyOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
}

/**
 * The JSON Schema (draft 2020-12) of mesh.yaml for editors, made from the schema that the parser uses. It cannot say
 * what concerns several entries (clashing ports, unknown sidecars) or the host: `weir config check` does.
 */
export function buildMeshJsonSchema(): JsonSchema {
  const generated = z.toJSONSchema(meshSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const notes = FIELD_NOTES.get(zodSchema);
      if (notes === undefined) return;
      Object.assign(jsonSchema, { description: `${notes.description} Accepts ${notes.accepts}.` }, notes.json);
    },
  });
  return { $schema: generated.$schema, title: 'mesh.yaml of weir', ...generated } as JsonSchema;
}

/** The schema as the text of a file. */
export function formatMeshJsonSchema(): string {
  return `${JSON.stringify(buildMeshJsonSchema(), null, 2)}\n`;
}
