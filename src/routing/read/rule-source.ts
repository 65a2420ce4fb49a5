import type { CarrierForm, PlanScope, RuleKind } from '../route-plan.ts';

/** A legacy rule taken out of its carrier. */
export interface RuleSource {
  /** File it came from, for messages. */
  readonly path: string;
  readonly kind: RuleKind;
  readonly form: CarrierForm;
  /** The rule's own text: Groovy, or for condition and tag rules the carrier's. */
  readonly text: string;
  readonly scope: PlanScope;
  readonly enabled: boolean;
  readonly force: boolean;
  /** Script language as the carrier names it; `groovy` where it names none. */
  readonly language: string;
  /** Lines of a condition rule. */
  readonly conditions: readonly string[];
  /** Groups of a tag rule. */
  readonly tags: readonly TagGroupSource[];
}

/** One group of a tag rule: addresses, or tests on provider parameters. */
export interface TagGroupSource {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly match: readonly { readonly key: string; readonly value: Readonly<Record<string, string>> }[];
}

/** A scope that says nothing. */
export const OPEN_SCOPE: PlanScope = { providerApp: null, service: null, group: null, version: null };
