/** Rules of one run that claim one node of the configuration centre, which holds a single text. */
import { hash } from 'node:crypto';
import type { CarrierForm } from '../plan/route-plan.ts';
import type { RuleSource } from '../read/rule-source.ts';
import type { ScriptDiagnostic } from '../report/script-result.ts';

/** The node in which Dubbo looks for a rule, and where its key stands in the file. */
export interface RuleNode {
  readonly name: string;
  readonly line: number;
  /** SHA-256 of the rule as it lies in the file. */
  readonly sha256: string;
}

const SUFFIXES: Partial<Readonly<Record<CarrierForm, string>>> = {
  'script-yaml': 'script-router',
  'condition-yaml': 'condition-router',
  'tag-yaml': 'tag-router',
  'affinity-yaml': 'affinity-router',
};

/** The node of a rule; null where its carrier does not say it. */
export function ruleNode({ form, key }: RuleSource, carrier: string): RuleNode | null {
  const suffix = SUFFIXES[form];
  if (suffix === undefined || key === null) return null;
  const line = carrier.split('\n').findIndex((one) => /^["']?key["']?[ \t]*:/.test(one));
  return { name: `${key}.${suffix}`, line: Math.max(1, line + 1), sha256: hash('sha256', carrier.trim()) };
}

/** A file of a run with its node; `name` is its path below the input's root. */
export interface Claim {
  readonly name: string;
  readonly node: RuleNode | null;
}

/** The finding about a node that other files claim with another text, if there are such files. */
export function sharedNode(node: RuleNode | null, claims: readonly Claim[]): ScriptDiagnostic[] {
  if (node === null) return [];
  const others = claims.filter((other) => other.node?.name === node.name && other.node.sha256 !== node.sha256);
  const [first] = others;
  if (first === undefined) return [];
  const more = others.length > 1 ? ` and ${others.length - 1} more` : '';
  const verb = others.length > 1 ? 'hold' : 'holds';
  const message = `${first.name}:${first.node?.line}${more} ${verb} another text for ${node.name}, of which the config centre keeps one: weir cannot tell which is live`;
  const { line } = node;
  return [{ code: 'WR077', rule: null, message, line, column: 1, endLine: line, endColumn: 4, frame: '' }];
}
