/**
 * YAML of Envoy, in a file of its own that is imported late: once bundled, a late import of the package itself has no names,
 * since the package is CommonJS.
 */
import { parseDocument } from 'yaml';

/** Plain values; null for what is no YAML, or grows beyond reason by its aliases. */
export function parseYaml(text: string): unknown {
  const document = parseDocument(text);
  if (document.errors.length > 0) return null;
  try {
    return document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    // Thrown for aliases alone: too many, or of no anchor.
    if (error instanceof ReferenceError) return null;
    throw error;
  }
}
