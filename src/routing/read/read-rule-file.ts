import { LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { WeirError } from '../../errors/weir-error.ts';
import type { RuleKind } from '../route-plan.ts';
import { readRuleUrl } from './read-rule-url.ts';
import { OPEN_SCOPE, type RuleSource } from './rule-source.ts';

const HSF_MARK = 'Groovy_v200907@';
const HSF_METHODS =
  /\b(?:routingRuleMap|interfaceRoutingRule|mathodRoutingRule|methodRoutingRule|argsRoutingRule)\s*\(/;
const DPATH_METHODS = /\b(?:methodTagRule|argsTagRule)\s*\(/;
const YAML_MARK = /^(?:configVersion|script|conditions|tags|scope|key|force|runtime|enabled|priority)[ \t]*:/m;
const LONGEST = 4 * 1024 * 1024;

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const flag = z.union([z.boolean(), z.string().transform((text) => text.toLowerCase() === 'true')]);
const yamlRule = z.object({
  key: scalar.nullish(),
  scope: scalar.nullish(),
  type: scalar.nullish(),
  script: z.string().nullish(),
  enabled: flag.nullish(),
  force: flag.nullish(),
  conditions: z.array(z.union([z.string(), z.record(z.string(), z.unknown())])).nullish(),
  tags: z
    .array(
      z.object({
        name: scalar,
        addresses: z.array(scalar).nullish(),
        match: z.array(z.object({ key: scalar, value: z.record(z.string(), scalar) })).nullish(),
      }),
    )
    .nullish(),
});

/**
 * Recognises a legacy routing rule by its content and takes it out of its carrier: a bare script, a registry URL, the YAML
 * of a configuration centre, an HSF text or rule class. @throws WeirError WEIR5002, located, for what is none of them.
 */
export function readRuleFile(path: string, raw: string): RuleSource {
  const text = raw.charCodeAt(0) === 0xfeff ? raw.slice(1) : raw;
  if (text.trim() === '') throw unreadable(path, 'it is empty', 1, 1);
  if (text.includes('\u0000')) throw unreadable(path, 'it is a binary file', 1, 1);
  const trimmed = text.trimStart();
  if (/^[a-z]+(?::\/\/|%3A%2F%2F)/i.test(trimmed)) return readRuleUrl(path, text.trim());
  if (text.length <= LONGEST && YAML_MARK.test(text) && !looksLikeGroovy(text)) return readYaml(path, text);
  return readGroovy(path, text);
}

/** Whether a text with a word and a colon at a line start is a script all the same (labels, map entries). */
function looksLikeGroovy(text: string): boolean {
  const first = text.split(/\r?\n/).find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  return !/^(?:---|[A-Za-z]+[ \t]*:)/.test(first);
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
    path,
    kind,
    form,
    text: body,
    scope: OPEN_SCOPE,
    enabled: true,
    force: false,
    language: 'groovy',
    conditions: [],
    tags: [],
  };
}

/** The rule of an HSF text: up to the next section, which begins a line with `name@`. */
function hsfSection(text: string, from: number): string {
  const rest = text.slice(from);
  const next = /^(?:flowControl|[A-Za-z]+_v\d+)@/m.exec(rest);
  return next ? rest.slice(0, next.index) : rest;
}

function readYaml(path: string, text: string): RuleSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [problem] = document.errors;
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw unreadable(path, `it is no YAML: ${problem.message}`, line, col);
  }
  const parsed = yamlRule.safeParse(document.toJS({ maxAliasCount: 100 }));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw unreadable(path, `${issue?.path.join('.') || 'the document'}: ${issue?.message ?? 'not accepted'}`, 1, 1);
  }
  const rule = parsed.data;
  const key = rule.key ?? null;
  const serviceScope = rule.scope === 'service';
  const scope = serviceScope ? { ...OPEN_SCOPE, ...serviceKey(key) } : { ...OPEN_SCOPE, providerApp: key };
  const common = { path, scope, enabled: rule.enabled ?? true, force: rule.force ?? false };
  if (typeof rule.script === 'string') {
    const kind = 'dubbo-script' as const;
    return {
      ...common,
      kind,
      form: 'script-yaml',
      text: rule.script,
      language: (rule.type ?? 'javascript').toLowerCase(),
      conditions: [],
      tags: [],
    };
  }
  if (rule.conditions) {
    const structured = rule.conditions.find((line) => typeof line !== 'string');
    if (structured) throw unreadable(path, 'conditions with from/to (v3.1) are not read yet', 1, 1);
    const conditions = rule.conditions.filter((line) => typeof line === 'string');
    return { ...common, kind: 'condition', form: 'condition-yaml', text, language: 'condition', conditions, tags: [] };
  }
  if (rule.tags) {
    const tags = rule.tags.map((tag) => ({ name: tag.name, addresses: tag.addresses ?? [], match: tag.match ?? [] }));
    return { ...common, kind: 'tag', form: 'tag-yaml', text, language: 'tag', conditions: [], tags };
  }
  throw unreadable(path, 'it is YAML, but has neither `script` nor `conditions` nor `tags`', 1, 1);
}

/** `group/interface:version` of a service key. */
function serviceKey(key: string | null): { service: string | null; group: string | null; version: string | null } {
  const match = /^(?:([^/:]*)\/)?([^/:]+)(?::([^:]*))?/.exec(key ?? '');
  return { service: match?.[2] ?? null, group: match?.[1] || null, version: match?.[3] || null };
}

/** The error for a file that holds no rule. */
export function unreadable(path: string, why: string, line: number, column: number): WeirError {
  return new WeirError('WEIR5002', {
    what: `${path} is no routing rule that weir reads.`,
    why,
    hint: 'It reads Groovy scripts, script:// and condition:// URLs, script-router, condition and tag YAML, and HSF rule classes.',
    location: { file: path, line, column },
  });
}
