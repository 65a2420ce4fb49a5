/** Reads JSON that somebody else wrote into a registry: bounded in size, never trusted in shape. */
import type { NodeFaultCode } from './registry-node.ts';

/** A JSON object, or why the text is none; `what` continues a sentence whose subject is the node. */
export type ParsedJson =
  | { readonly value: Readonly<Record<string, unknown>> }
  | { readonly code: NodeFaultCode; readonly what: string };

/** Parses an object from a text of at most `limit` bytes. */
export function parseJson(text: string, limit: number): ParsedJson {
  const size = Buffer.byteLength(text);
  if (size > limit) return { code: 'too-large', what: `has ${size} bytes, more than ${limit}` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { code: 'not-json', what: 'holds no JSON' };
  }
  return isPlainObject(value) ? { value } : { code: 'not-an-object', what: 'holds JSON that is no object' };
}

/**
 * The entries of an object as texts. Metadata is a map of strings to those that read it, and they take a number or a truth value for
 * its text; anything else is left out, as is what is no object.
 */
export function textsOf(value: unknown): Record<string, string> {
  if (!isPlainObject(value)) return {};
  const texts = Object.entries(value).filter(([, one]) => ['string', 'number', 'boolean'].includes(typeof one));
  return Object.fromEntries(texts.map(([key, one]) => [key, String(one)]));
}

/** Whether a JSON value is an object. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
