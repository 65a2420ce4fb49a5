/** Rules that are YAML of a configuration centre. */
import { LineCounter, parseDocument, type ScalarTag } from 'yaml';
import * as z from 'zod';
import { issueText } from '../issue-text.ts';
import { OPEN_SCOPE, PLAIN_SOURCE, type RuleSource, type TagGroupSource } from './rule-source.ts';
import { unreadable } from './unreadable.ts';
import { aliasFault } from './yaml-aliases.ts';

const plain = z.union([z.string(), z.number(), z.boolean()]);
const scalar = plain.transform(String);
const tag = z.object({
  name: plain.nullish(),
  addresses: z.array(scalar).nullish(),
  match: z.array(z.object({ key: scalar, value: z.record(z.string(), scalar).nullish() })).nullish(),
});
const destinations = z.object({
  from: z.object({ match: scalar.nullish() }).loose().nullish(),
  to: z.array(z.record(z.string(), scalar)).nullish(),
});
const yamlRule = z.object({
  configVersion: plain.nullish(),
  key: plain.nullish(),
  scope: plain.nullish(),
  priority: plain.nullish(),
  type: scalar.nullish(),
  script: z.string().nullish(),
  enabled: plain.nullish(),
  force: plain.nullish(),
  valid: plain.nullish(),
  runtime: plain.nullish(),
  conditions: z.array(z.union([scalar, z.looseObject({})])).nullish(),
  tags: z.array(tag).nullish(),
  affinityAware: z.unknown().optional(),
});
type YamlRule = z.infer<typeof yamlRule>;

// SnakeYAML knows yes, no, on and off, but not the single letters of YAML 1.1.
const javaBool: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  identify: (value) => typeof value === 'boolean',
  resolve: (text) => /^(?:yes|true|on)$/i.test(text),
};

/**
 * Reads the YAML of a configuration centre with the types that SnakeYAML gives: a script-router, condition or tag rule.
 * @throws WeirError WEIR5002, located, for what is none of them.
 */
export function readRuleYaml(path: string, text: string): RuleSource {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.1',
    // SnakeYAML takes a key twice, and the last value counts.
    uniqueKeys: false,
    customTags: (tags) => [
      javaBool,
      ...tags.filter((one) => typeof one === 'string' || one.tag !== 'tag:yaml.org,2002:bool'),
    ],
  });
  const [problem] = document.errors;
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    const several = problem.code === 'MULTIPLE_DOCS';
    const why = several ? 'it holds several YAML documents, and Dubbo reads one' : `it is no YAML: ${problem.message}`;
    throw unreadable(path, why, line, col);
  }
  const fault = aliasFault(document);
  if (fault !== null) {
    const { line, col } = lines.linePos(fault.offset);
    throw unreadable(path, fault.reason, line, col);
  }
  const parsed = yamlRule.safeParse(document.toJS({ maxAliasCount: -1 }));
  if (!parsed.success) {
    throw unreadable(path, issueText(parsed.error.issues[0]), 1, 1);
  }
  return ruleOf(path, text, parsed.data);
}

function ruleOf(path: string, text: string, rule: YamlRule): RuleSource {
  const configVersion = typeof rule.configVersion === 'string' ? rule.configVersion : null;
  const common = {
    ...PLAIN_SOURCE,
    path,
    text,
    scope: OPEN_SCOPE,
    key: rule.key === undefined || rule.key === null ? null : String(rule.key),
    saysScope: saysScope(rule),
    enabled: isOn(rule.enabled, true),
    force: isOn(rule.force, false),
    valid: isOn(rule.valid, true),
    configVersion,
    oddFields: [...oddDirectives(text), ...oddFields(rule)],
  };
  if (typeof rule.script === 'string') {
    const language = (rule.type ?? 'javascript').toLowerCase();
    return { ...common, kind: 'dubbo-script', form: 'script-yaml', text: rule.script, language };
  }
  if (rule.affinityAware !== undefined && rule.affinityAware !== null) {
    const unread = 'an affinity rule prefers providers that share a parameter with the caller, in a share of them';
    return { ...common, kind: 'affinity', form: 'affinity-yaml', language: 'affinity', unread };
  }
  if (rule.conditions) {
    const condition = { ...common, kind: 'condition', form: 'condition-yaml', language: 'condition' } as const;
    const structured = rule.conditions.filter((line) => typeof line !== 'string');
    if (structured.length > 0) return { ...condition, ...structuredConditions(structured, rule, configVersion) };
    return { ...condition, conditions: rule.conditions.filter((line) => typeof line === 'string') };
  }
  if (rule.tags) {
    const tags = rule.tags.map(
      (one): TagGroupSource => ({
        name: one.name ?? null,
        addresses: one.addresses ?? [],
        match: one.match?.map(({ key, value }) => ({ key, value: value ?? null })) ?? null,
      }),
    );
    return { ...common, kind: 'tag', form: 'tag-yaml', language: 'tag', tags };
  }
  throw unreadable(path, 'it is YAML, but has neither `script` nor `conditions` nor `tags`', 1, 1);
}

function saysScope(rule: YamlRule): RuleSource['saysScope'] {
  if (rule.scope === 'service') return 'service';
  return rule.scope === 'application' ? 'app' : null;
}

/** Fields that some routers cast or parse, and fail at. */
function oddFields(rule: YamlRule): RuleSource['oddFields'] {
  const texts = (['configVersion', 'key', 'scope'] as const)
    .filter((name) => rule[name] !== undefined && rule[name] !== null && typeof rule[name] !== 'string')
    .map((name) => ({ name, needs: 'text' as const }));
  const flags = (['force', 'enabled', 'runtime', 'valid'] as const)
    .filter((name) => typeof rule[name] === 'string')
    .map((name) => ({ name, needs: 'flag' as const }));
  const { priority } = rule;
  const whole = priority === undefined || priority === null || /^[-+]?[0-9]+$/.test(String(priority));
  return [...texts, ...flags, ...(whole ? [] : [{ name: 'priority', needs: 'number' as const }])];
}

/** `%YAML1.2`, as comments in Dubbo's own classes write it, is no directive: the blank is missing. */
function oddDirectives(text: string): RuleSource['oddFields'] {
  const [directive] = /^%(?!YAML[ \t]+1\.[0-9]+[ \t]*\r?$|TAG[ \t]).*$/m.exec(text) ?? [];
  return directive === undefined ? [] : [{ name: directive, needs: 'nothing' }];
}

/** Boolean.parseBoolean. */
function isOn(value: string | number | boolean | null | undefined, absent: boolean): boolean {
  return value === undefined || value === null ? absent : String(value).toLowerCase() === 'true';
}

/** Conditions of configVersion v3.1: one destination says the same as a line of v3.0, several divide calls by chance. */
function structuredConditions(
  conditions: readonly unknown[],
  rule: YamlRule,
  configVersion: string | null,
): Pick<RuleSource, 'unread'> | Pick<RuleSource, 'destinations'> {
  if (rule.conditions?.length !== conditions.length)
    return { unread: 'its conditions are partly texts, partly from/to' };
  if (configVersion?.toLowerCase().startsWith('v3.1') !== true)
    return { unread: 'its conditions are from/to, which Dubbo reads with configVersion v3.1 only' };
  const read: { from: string; to: string[] }[] = [];
  for (const one of conditions) {
    const parsed = destinations.safeParse(one);
    const others = Object.keys(one as object).filter((name) => name !== 'from' && name !== 'to');
    if (!parsed.success || !parsed.data.from || !parsed.data.to)
      return { unread: 'a condition of v3.1 without from and to' };
    if (others.length > 0) return { unread: `conditions of v3.1 with ${others.join(', ')}, which only dubbo-go reads` };
    const to = parsed.data.to.map((destination) => destination.match ?? '');
    if (to.length > 1) return { unread: 'conditions of v3.1 with several destinations, between which chance decides' };
    read.push({ from: parsed.data.from.match ?? '', to });
  }
  return { destinations: read };
}
