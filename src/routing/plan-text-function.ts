import type { TermFunction } from './plan-term.ts';
import { isNumber, NULL_VALUE, type PlanValue, textValue, valueText } from './plan-value.ts';

/**
 * The text functions of a term. `not-text` means that the function is none of them; undefined that Java throws, or that the
 * answer is not known here.
 */
export function planText(fn: TermFunction, args: readonly PlanValue[]): PlanValue | undefined | 'not-text' {
  if (fn === 'toText') return mapText(args[0] === undefined ? null : valueText(args[0]));
  if (fn === 'concat') {
    const parts = args.map(valueText);
    return mapText(parts.includes(null) ? null : parts.join(''));
  }
  if (fn === 'hashCode') return hashOf(args[0]);
  if (!TEXT_FUNCTIONS.has(fn)) return 'not-text';
  const [subject, second, third] = args;
  if (subject?.k !== 'text') return undefined;
  const text = subject.text;
  const first = wholeOf(second);
  switch (fn) {
    case 'length':
      return whole(text.length);
    case 'toLowerCase':
      return textValue(text.toLowerCase());
    case 'toUpperCase':
      return textValue(text.toUpperCase());
    case 'trim':
      return textValue(text.replace(/^[\0- ]+|[\0- ]+$/g, ''));
    case 'reverse':
      return textValue([...text].reverse().join(''));
    case 'substring': {
      const end = third === undefined ? text.length : wholeOf(third);
      if (first === undefined || end === undefined || first < 0 || end > text.length || first > end) return undefined;
      return textValue(text.slice(first, end));
    }
    case 'charAt':
      if (first === undefined || first < 0 || first >= text.length) return undefined;
      return { k: 'text', text: text.charAt(first), char: true };
    default:
      return searching(fn, text, args);
  }
}

const TEXT_FUNCTIONS = new Set<TermFunction>([
  'length',
  'toLowerCase',
  'toUpperCase',
  'trim',
  'reverse',
  'substring',
  'indexOf',
  'lastIndexOf',
  'charAt',
  'replace',
  'tokenAt',
  'tokenCount',
  'splitAt',
  'splitCount',
]);

function searching(fn: TermFunction, text: string, args: readonly PlanValue[]): PlanValue | undefined {
  const [, second, third] = args;
  if (second?.k !== 'text') return undefined;
  const at = wholeOf(third);
  switch (fn) {
    case 'indexOf':
      return whole(text.indexOf(second.text, at ?? 0));
    case 'lastIndexOf':
      return whole(text.lastIndexOf(second.text));
    case 'replace':
      return third?.k === 'text' ? textValue(text.replaceAll(second.text, () => third.text)) : undefined;
    case 'tokenAt': {
      const token = at === undefined || at < 0 ? undefined : tokens(text, second.text)[at];
      return at === undefined || at < 0 ? undefined : token === undefined ? NULL_VALUE : textValue(token);
    }
    case 'tokenCount':
      return whole(tokens(text, second.text).length);
    case 'splitAt': {
      const part = at === undefined ? undefined : splitJava(text, second.text)?.[at];
      return part === undefined ? undefined : textValue(part);
    }
    case 'splitCount': {
      const parts = splitJava(text, second.text);
      return parts === null ? undefined : whole(parts.length);
    }
    default:
      return undefined;
  }
}

// StringTokenizer: every character separates, empty tokens do not count.
function tokens(text: string, separators: string): string[] {
  const found: string[] = [];
  let token = '';
  for (const char of text.split('')) {
    if (!separators.includes(char)) token += char;
    else if (token !== '') {
      found.push(token);
      token = '';
    }
  }
  if (token !== '') found.push(token);
  return found;
}

// String.split drops empty parts at the end. Only separators that are one plain (or escaped) character are modelled.
function splitJava(text: string, regex: string): string[] | null {
  const plain = /^\\?([^\\])$/.exec(regex);
  if (plain?.[1] === undefined || (regex.length === 1 && '.$|()[{^?*+'.includes(regex))) return null;
  if (text === '') return [''];
  const parts = text.split(plain[1]);
  while (parts.length > 0 && parts.at(-1) === '') parts.pop();
  return parts;
}

// String.hashCode, Long.hashCode, Integer.hashCode, Boolean.hashCode.
function hashOf(value: PlanValue | undefined): PlanValue | undefined {
  if (value?.k === 'text' && !value.char) {
    let hash = 0;
    for (let at = 0; at < value.text.length; at += 1) hash = (Math.imul(hash, 31) + value.text.charCodeAt(at)) | 0;
    return whole(hash);
  }
  if (value?.k === 'integer' && value.type === 'java.lang.Long') {
    return whole(Number(BigInt.asIntN(32, value.value ^ (BigInt.asUintN(64, value.value) >> 32n))));
  }
  if (value?.k === 'integer' && value.type !== 'java.math.BigInteger') return whole(Number(value.value));
  return value?.k === 'bool' ? whole(value.value ? 1231 : 1237) : undefined;
}

function whole(value: number): PlanValue {
  return { k: 'integer', value: BigInt(value), type: 'java.lang.Integer' };
}

function wholeOf(value: PlanValue | undefined): number | undefined {
  return value !== undefined && isNumber(value) && value.k === 'integer' ? Number(value.value) : undefined;
}

function mapText(text: string | null): PlanValue | undefined {
  return text === null ? undefined : textValue(text);
}
