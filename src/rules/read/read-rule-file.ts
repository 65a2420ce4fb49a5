/** Entry to the readers of rules: recognises the carrier of a file and calls its reader. */
import { isMap, parseDocument } from 'yaml';
import type { RuleKind } from '../plan/route-plan.ts';
import { readRuleJson } from './read-rule-json.ts';
import { readRuleUrl } from './read-rule-url.ts';
import { readRuleYaml } from './read-rule-yaml.ts';
import { OPEN_SCOPE, PLAIN_SOURCE, type RuleSource } from './rule-source.ts';
import { unreadable } from './unreadable.ts';

const HSF_MARK = 'Groovy_v200907@';
const HSF_METHODS =
  /\b(?:routingRuleMap|interfaceRoutingRule|mathodRoutingRule|methodRoutingRule|argsRoutingRule)\s*\(/;
const DPATH_METHODS = /\b(?:methodTagRule|argsTagRule)\s*\(/;
const YAML_MARK =
  /^(?:configVersion|script|conditions|tags|scope|key|force|runtime|enabled|priority|affinityAware)[ \t]*:/m;
/** Keys of which every YAML rule has one. */
const RULE_KEYS = ['script', 'conditions', 'tags', 'affinityAware'];
const LONGEST = 4 * 1024 * 1024;

/**
 * Recognises a legacy routing rule by its content and takes it out of its carrier. Carriers are a bare script, a
 * registry URL, the YAML of a configuration centre, an HSF text or rule class. @throws WeirError WEIR5002, located, for
 * other texts.
 */
export function readRuleFile(path: string, raw: string): RuleSource {
  const text = raw.charCodeAt(0) === 0xfeff ? raw.slice(1) : raw;
  if (text.trim() === '') throw unreadable(path, 'it is empty', 1, 1);
  if (text.includes('\u0000')) throw unreadable(path, 'it is a binary file', 1, 1);
  const trimmed = text.trimStart();
  const json = readRuleJson(path, text);
  if (json !== null) return json;
  if (isFlowYaml(text)) return readRuleYaml(path, text);
  if (/^[a-z]+(?::\/\/|%3A%2F%2F)/i.test(trimmed)) return readRuleUrl(path, text.trim());
  if (text.length <= LONGEST && YAML_MARK.test(text) && !looksLikeGroovy(text)) return readRuleYaml(path, text);
  if (isNamedYaml(path, text)) return readRuleYaml(path, text);
  return readGroovy(path, text);
}

/** Whether a text in braces is a rule in YAML's flow style, or in JSON, rather than a closure. */
function isFlowYaml(text: string): boolean {
  if (!/^\s*\{[\s\S]*["']?\b(?:conditions|tags|script)["']?\s*:/.test(text) || text.length > LONGEST) return false;
  const document = parseDocument(text, { prettyErrors: false });
  return document.errors.length === 0 && isMap(document.contents);
}

/** Whether a file that is named as YAML has a key of a rule, however its first lines look: quoted keys, other keys before it. */
function isNamedYaml(path: string, text: string): boolean {
  if (!/\.ya?ml$/i.test(path) || text.length > LONGEST) return false;
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false });
  const { contents } = document;
  return document.errors.length === 0 && isMap(contents) && RULE_KEYS.some((key) => contents.has(key));
}

/** Whether a text with a word and a colon at a line start is a script all the same (labels, map entries). */
function looksLikeGroovy(text: string): boolean {
  const first = text.split(/\r?\n/).find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  return !/^(?:---|%|[A-Za-z]+[ \t]*:)/.test(first);
}

function readGroovy(path: string, text: string): RuleSource {
  const at = text.indexOf(HSF_MARK);
  const body = at < 0 ? text : hsfSection(text, at + HSF_MARK.length);
  const kind: RuleKind = DPATH_METHODS.test(body)
    ? 'hsf-dpath-rule'
    : HSF_METHODS.test(body)
      ? 'hsf-routing-rule'
      : 'dubbo-script';
  const form = at >= 0 || kind !== 'dubbo-script' ? 'hsf-text' : 'bare';
  return {
    ...PLAIN_SOURCE,
    path,
    kind,
    form,
    text: body,
    scope: OPEN_SCOPE,
    language: kind === 'dubbo-script' && path.endsWith('.js') ? 'javascript' : 'groovy',
  };
}

/** The rule of an HSF text: up to the next section, which begins a line with `name@`. */
function hsfSection(text: string, from: number): string {
  const rest = text.slice(from);
  const next = /^(?:flowControl|[A-Za-z]+_v\d+)@/m.exec(rest);
  return next ? rest.slice(0, next.index) : rest;
}
