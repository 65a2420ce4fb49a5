/** Files that lie among rules and are none: documents that weir wrote, Kubernetes objects, other YAML. */
import { isCollection, isMap, isScalar, parseAllDocuments } from 'yaml';
import { WeirError } from '../../errors/weir-error.ts';
import { child, readPlacedYaml } from '../lint/yaml-walk.ts';
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

/** Whether a text holds objects of a mesh rule, in YAML or JSON: documents to evaluate, no legacy rule. */
export function isMeshText(text: string): boolean {
  return (
    /^apiVersion:/m.test(text) || /^[\s{,]*["']?kind["']?\s*:\s*["']?(?:VirtualService|DestinationRule)\b/m.test(text)
  );
}

/** Keys by which YAML of a configuration centre is a legacy rule; no mesh rule has one at its top. */
const LEGACY_KEYS = { conditions: 'condition', tags: 'tag', script: 'script', affinityAware: 'affinity' } as const;

const MESH_HINT = 'give lint files with VirtualService and DestinationRule';

/**
 * Throws WEIR5002 for a text without a YAML object, of which nothing can be said, and for a legacy rule among mesh rules:
 * what Dubbo reads of a mesh rule says nothing about it.
 */
export function requireMeshRule(path: string, text: string): void {
  const kind = text.trim() === '' ? null : legacyKind(path, text);
  if (kind !== null) {
    const what = `${path} is a ${kind} rule of Dubbo, no mesh rule`;
    throw new WeirError('WEIR5002', { what, why: '`weir rules convert` reads it', hint: MESH_HINT });
  }
  const reading = readPlacedYaml(text);
  if (!reading.ok || reading.documents.some(({ root }) => isMap(root))) return;
  throw new WeirError('WEIR5002', {
    what: `${path} is no mesh rule`,
    why: text.trim() === '' ? 'it is empty' : 'no document in it is a YAML mapping',
    hint: MESH_HINT,
    location: { file: path, line: 1, column: 1 },
  });
}

function legacyKind(path: string, text: string): string | null {
  if (/\.(?:groovy|js)$/i.test(path)) return 'script';
  const url = /^\s*(script|condition|route):\/\//.exec(text)?.[1];
  if (url !== undefined) return url === 'script' ? 'script' : 'condition';
  const reading = readPlacedYaml(text);
  const roots = reading.ok ? reading.documents.map(({ root }) => root) : [];
  if (roots.some((root) => child(root, 'kind') !== undefined || child(root, 'spec') !== undefined)) return null;
  const found = Object.entries(LEGACY_KEYS).find(([key]) => roots.some((root) => child(root, key) !== undefined));
  return found?.[1] ?? null;
}

/** Throws WEIR5002 for a file that is named as YAML and holds mappings, lists or comments only: it is no script. */
export function refusePlainYaml(path: string, text: string): void {
  if (!/\.ya?ml$/i.test(path)) return;
  const documents = [...parseAllDocuments(text, { prettyErrors: false })];
  if (documents.some(({ errors }) => errors.length > 0)) return;
  const contents = documents.map(({ contents: node }) => (isScalar(node) && node.value === null ? null : node));
  if (contents.every((content) => content === null)) throw unreadable(path, 'it holds nothing but comments', 1, 1);
  if (contents.every((content) => content === null || isCollection(content)))
    throw unreadable(path, 'it is YAML, but has neither `script` nor `conditions` nor `tags`', 1, 1);
}
