/** Rules as conjunctions of tests on texts of the wire, for proxies. */
import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import { conditionHolds } from '../plan/evaluate-plan.ts';
import type { PlanCondition, PlanRule } from '../plan/route-plan.ts';
import { emptyCall } from './empty-call.ts';
import { splitConditions } from './leaf-conditions.ts';
import { re2Pattern } from './re2-pattern.ts';
import { type TextMatch, type TextSet, textMatchRegex, textSet } from './text-match.ts';

/** A test on one text of the wire: service, method or attribute. */
export type WireText =
  | { readonly kind: 'exact'; readonly text: string }
  | { readonly kind: 'prefix'; readonly text: string }
  | { readonly kind: 'regex'; readonly pattern: string }
  | { readonly kind: 'present' }
  | { readonly kind: 'absent' };

/** A condition on an attachment, or on the application of the caller (`key` null). */
export interface WireAttribute {
  readonly key: string | null;
  readonly match: WireText;
}

/** One conjunction that proxies understand: they see service, method, attachments and sometimes the caller. */
export interface WireMatch {
  readonly service: WireText | null;
  readonly method: WireText | null;
  readonly attributes: readonly WireAttribute[];
}

/**
 * A rule as alternatives of conjunctions. Matches omit inexpressible conditions, so they are too wide, never too
 * narrow.
 */
export interface WireRule {
  readonly matches: readonly WireMatch[];
  readonly unsupported: { readonly code: DiagnosticCode; readonly why: string } | null;
  readonly notes: readonly DiagnosticCode[];
}

/** Parts of a call that a proxy can see beside service and method. */
export interface WireCapabilities {
  /** Whether the proxy has a test for an absent attribute. */
  readonly absence: boolean;
  /** The caller's application travels with the call. */
  readonly caller: boolean;
  /** Name of the target in messages. */
  readonly name: string;
}

/** Translates a rule for a proxy; null when no call can meet it. */
export function wireRule(rule: PlanRule, capabilities: WireCapabilities): WireRule | null {
  const split = splitConditions(rule);
  if (!split.constant.every((condition) => conditionHolds(condition, emptyCall()))) return null;
  const notes = new Set<DiagnosticCode>();
  let unsupported: WireRule['unsupported'] = null;
  let matches: WireMatch[] = [{ service: null, method: null, attributes: [] }];
  const lose = (code: DiagnosticCode, why: string): void => {
    unsupported ??= { code, why };
  };
  if (split.joint.length > 0) lose('WR032', 'it compares two values of the call');
  for (const { leaf, conditions } of split.single) {
    if (leaf.t === 'service' || leaf.t === 'method') {
      const texts = wireTexts(namedSet(leaf.t, conditions), false, capabilities);
      if (texts === null) return null;
      if (typeof texts === 'string') lose('WR030', texts);
      else {
        if (texts.noted) notes.add('WR030');
        const [text] = texts.any;
        if (text !== undefined) matches = matches.map((match) => ({ ...match, [leaf.t]: text }));
      }
    } else if (leaf.t === 'attachment' || leaf.t === 'callerApp') {
      const caller = leaf.t === 'callerApp' || leaf.key === 'remote.application';
      if (caller && !capabilities.caller) {
        lose('WR032', `${capabilities.name} does not see the application of the caller`);
        continue;
      }
      const texts = wireTexts(attributeSet(leaf, conditions), true, capabilities);
      if (texts === null) return null;
      if (typeof texts === 'string') {
        lose('WR032', texts);
        continue;
      }
      if (texts.noted) notes.add('WR030');
      if (
        !caller &&
        texts.any.length > 0 &&
        (texts.any.length > 1 || texts.any[0]?.kind !== 'exact' || /[A-Z]/.test(leaf.key))
      ) {
        notes.add('WR035');
      }
      if (texts.any.length === 0) continue;
      const key = leaf.t === 'callerApp' || caller ? null : leaf.key;
      matches = matches.flatMap((match) =>
        texts.any.map((text) => ({ ...match, attributes: [...match.attributes, { key, match: text }] })),
      );
    } else if (leaf.t === 'callerHost' || leaf.t === 'callerParam') {
      lose('WR033', `${capabilities.name} sees no address or parameter of the caller`);
    } else {
      lose('WR032', `${capabilities.name} sees no arguments`);
    }
  }
  return { matches, unsupported, notes: [...notes] };
}

function namedSet(leaf: 'service' | 'method', conditions: readonly PlanCondition[]): TextSet {
  return textSet(conditions, (value) => ({ ...emptyCall(), [leaf]: value ?? '' }));
}

function attributeSet(
  leaf: { readonly t: 'attachment'; readonly key: string } | { readonly t: 'callerApp' },
  conditions: readonly PlanCondition[],
): TextSet {
  return textSet(conditions, (value) => {
    if (value === null) return emptyCall();
    return leaf.t === 'callerApp'
      ? { ...emptyCall(), consumer: { application: value } }
      : { ...emptyCall(), attachments: { [leaf.key]: value } };
  });
}

// Alternatives for a set: none means "always", null that nothing passes, a text why it cannot be said.
function wireTexts(
  set: TextSet,
  nullable: boolean,
  capabilities: WireCapabilities,
): { readonly any: readonly WireText[]; readonly noted: boolean } | null | string {
  if (!set.ok) return set.why;
  const nullPasses = nullable && set.nullPasses;
  if (set.match === null && !nullPasses) return null;
  if (set.match?.kind === 'any' && (nullPasses || !nullable)) return { any: [], noted: false };
  if (nullPasses && !capabilities.absence) return `${capabilities.name} cannot ask for an absent attachment`;
  const any: WireText[] = [];
  let noted = set.noted;
  if (set.match !== null) {
    const text = wireText(set.match, !nullable);
    if (text === null) return 'RE2 has no such pattern';
    noted ||= text.kind === 'regex' && set.match.kind === 'regexes';
    any.push(text);
  }
  if (nullPasses) any.push({ kind: 'absent' });
  return { any, noted };
}

function wireText(match: TextMatch, isName: boolean): WireText | null {
  if (match.kind === 'texts' && match.texts.length === 1 && match.texts[0] !== '')
    return { kind: 'exact', text: match.texts[0] ?? '' };
  if (match.kind === 'prefix') return { kind: 'prefix', text: match.text };
  if (match.kind === 'any') return { kind: 'present' };
  const patterns = match.kind === 'regexes' ? match.all : [textMatchRegex(match)];
  const pattern = re2Pattern(patterns, isName);
  return pattern === null ? null : { kind: 'regex', pattern };
}
