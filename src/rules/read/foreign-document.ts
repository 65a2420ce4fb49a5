/** Files that lie among rules and are none: documents that weir wrote, Kubernetes objects, other YAML. */
import { isMap, parseDocument } from 'yaml';
import { unreadable } from './unreadable.ts';

/** First words of every document that weir writes; `weir rules eval` knows its own documents by them. */
export const DOCUMENT_HEADER = '# Written by weir rules convert';

/** Throws WEIR5002 for a text that says itself that it is something else than a legacy rule. */
export function refuseForeign(path: string, text: string): void {
  if (text.startsWith(DOCUMENT_HEADER))
    throw unreadable(path, 'it is a document that weir wrote, no legacy rule', 1, 1);
  const kind = /^kind:[ \t]*['"]?([A-Za-z]+)/m.exec(text)?.[1];
  if (kind !== undefined && /^apiVersion:[ \t]*\S/m.test(text)) {
    throw unreadable(path, `it is a ${kind} document, no legacy rule; weir rules lint looks at mesh rules`, 1, 1);
  }
}

/** Whether a file that is named as YAML holds a YAML mapping, so that it is no script. */
export function isPlainYaml(path: string, text: string): boolean {
  if (!/\.ya?ml$/i.test(path)) return false;
  const document = parseDocument(text, { prettyErrors: false });
  return document.errors.length === 0 && isMap(document.contents);
}
