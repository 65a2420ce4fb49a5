/** The JSON envelope of results and errors. */
import type { WeirError } from '../errors/weir-error.ts';

/** Version of the envelope's shape; it grows by new fields without a new number. */
const SCHEMA_VERSION = 1;

/** The one line of JSON for a command that could do its work (exit 0 or 1). */
export function successEnvelope(result: unknown, warnings: readonly string[]): string {
  return JSON.stringify({ schemaVersion: SCHEMA_VERSION, ok: true, result, warnings });
}

/** The one line of JSON for a command that failed, with the hint for the place at hand. `location` and `details` stand there only where the error has them. */
export function failureEnvelope(error: WeirError, hint: string, warnings: readonly string[]): string {
  const { code, what: message, why, docs, location, details } = error;
  return JSON.stringify({
    schemaVersion: SCHEMA_VERSION,
    ok: false,
    error: { code, message, why, hint, docs, location, details },
    warnings,
  });
}
