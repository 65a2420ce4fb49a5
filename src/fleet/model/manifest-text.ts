/** Kubernetes documents as YAML, ready for `kubectl apply -f -`. Pure. */
import { stringify } from 'yaml';

/** One text with a document each; texts that YAML 1.1 would read as something else are quoted. */
export function manifestText(documents: readonly unknown[]): string {
  return documents
    .map((document) => stringify(document, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}
