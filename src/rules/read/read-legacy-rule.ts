/** Reads a file as a legacy rule, or says what it is instead. */
import { jsonMistake } from '../json-mistake.ts';
import { refuseForeign, refusePlainYaml } from './foreign-document.ts';
import { readRuleFile } from './read-rule-file.ts';
import type { RuleSource } from './rule-source.ts';
import { unreadable } from './unreadable.ts';

/**
 * Takes a legacy rule out of its carrier. @throws WeirError WEIR5002, located, for what is none: that no engine compiles
 * a document of something else says nothing of the rule that an engine has.
 */
export function readLegacyRule(path: string, raw: string): RuleSource {
  // A mark of byte order takes no column.
  const text = raw.charCodeAt(0) === 0xfeff ? raw.slice(1) : raw;
  refuseForeign(path, text);
  refuseMerge(path, text);
  const source = readRuleFile(path, raw);
  if (source.form === 'bare') {
    refusePlainYaml(path, text);
    refusePlainJson(path, text);
  }
  return source;
}

/** Two versions of a rule with the marks of git between them are the rule of no engine. */
function refuseMerge(path: string, text: string): void {
  const marks = [/^<{7}(?: |$)/m, /^={7}\r?$/m, /^>{7}(?: |$)/m].map((mark) => text.search(mark));
  const [first = -1, middle = -1, last = -1] = marks;
  if (first < 0 || middle < first || last < middle) return;
  const line = text.slice(0, first).split('\n').length;
  throw unreadable(path, 'it holds the marks of a merge that nobody has resolved', line, 1);
}

/** A file that is named as JSON is no script, whether it is JSON or has a mistake. */
function refusePlainJson(path: string, text: string): void {
  if (!/\.json$/i.test(path)) return;
  const before = text.slice(0, jsonMistake(text));
  if (text.slice(before.length).trim() === '')
    throw unreadable(
      path,
      isWhole(text) ? 'it is JSON, but no rule that weir knows' : 'it is JSON that is cut short',
      1,
      1,
    );
  const lines = before.split('\n');
  throw unreadable(path, 'it is no JSON from here on', lines.length, (lines.at(-1) ?? '').length + 1);
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
