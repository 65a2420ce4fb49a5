/** The JSON Schemas of fleet objects, from the schemas that the parser uses. */
import * as z from 'zod/mini';
import { FIELD_NOTES } from '../../mesh/yaml/schema-field.ts';
import { OBJECT_KINDS, OBJECT_SCHEMAS } from './object-schemas.ts';

/** A schema that accepts each kind. */
export interface FleetSchemas {
  readonly $schema: string;
  readonly title: string;
  readonly oneOf: readonly Readonly<Record<string, unknown>>[];
}

/** Draft 2020-12, one alternative a kind. */
export function fleetSchemas(): FleetSchemas {
  const oneOf = OBJECT_KINDS.map((kind) => {
    const { $schema: _schema, ...schema } = z.toJSONSchema(OBJECT_SCHEMAS[kind], {
      io: 'input',
      override: ({ zodSchema, jsonSchema }) => {
        const notes = FIELD_NOTES.get(zodSchema);
        if (notes === undefined) return;
        Object.assign(jsonSchema, { description: `${notes.description} Accepts ${notes.accepts}.` }, notes.json);
      },
    });
    return { title: kind, ...schema };
  });
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'fleet objects of weir', oneOf };
}
