/** Fields of the schema of mesh.yaml: a reader with the notes for help and JSON Schema. */
import * as z from 'zod/mini';
import { isRead, type ReadValue, type ValueFault } from './field-value.ts';

/** What the JSON Schema of mesh.yaml and `weir help mesh-yaml` say about a key. */
export interface FieldNotes {
  /** What it is for: full sentences. */
  readonly description: string;
  /** The accepted values in a few words, as they follow "Accepts ". */
  readonly accepts: string;
  /** More JSON Schema for this place, e.g. `pattern`. */
  readonly json?: Readonly<Record<string, unknown>>;
}

/** The notes of every schema that has some. Never in zod's global registry: other code may use that. */
export const FIELD_NOTES: z.core.$ZodRegistry<FieldNotes> = z.registry<FieldNotes>();

/** Attaches notes to a schema and returns it. */
export function noteField<S extends z.core.$ZodType>(schema: S, notes: FieldNotes): S {
  FIELD_NOTES.add(schema, notes);
  return schema;
}

/**
 * A schema for one value, read by `read`. All words about a wrong value come from there: zod only carries them, as the
 * `params` of a custom issue (see `faultOfIssue`).
 */
export function scalarField<T>(read: (value: unknown) => ReadValue<T>, notes: FieldNotes) {
  const reader = z.transform((value: unknown, context): T => {
    const result = read(value);
    if (isRead(result)) return result.value;
    context.issues.push({ code: 'custom', message: result.fault.what, params: { fault: result.fault }, input: value });
    return z.NEVER;
  });
  return noteField(z.pipe(z.unknown(), reader), notes);
}

/** The fault that a `scalarField` put into an issue; undefined for zod's own issues. */
export function faultOfIssue(issue: z.core.$ZodIssue): ValueFault | undefined {
  return issue.code === 'custom' ? (issue.params?.fault as ValueFault | undefined) : undefined;
}
