import type { CaseFile, RoutingCall, RoutingProvider } from '../../routing/case-file.ts';
import type { PlanSpan, RoutePlan } from '../../routing/route-plan.ts';

/** Files as the rules commands need them; implemented by src/host/rule-files.ts. */
export interface RuleFiles {
  list(paths: readonly string[]): Promise<string[]>;
  read(path: string): Promise<string>;
  readIfPresent(path: string): Promise<string | null>;
  listFolder(folder: string): Promise<string[]>;
  write(path: string, text: string): Promise<void>;
  remove(path: string): Promise<void>;
}

/** What is known about the estate beside the rule: snapshot, services, types, application. */
export type Estate = Omit<CaseFile, 'calls' | 'kind' | 'file'>;

/** A rule file read and planned. */
export interface PlannedRule {
  readonly plan: RoutePlan;
  /** The rule's own text, taken out of its carrier. */
  readonly script: string;
  /** Turns a span of the plan into one of the file. */
  readonly place: (span: PlanSpan) => PlanSpan;
  /** Text of a line of the file, counted from 1. */
  readonly lineText: (line: number) => string;
}

/** A real engine that runs scripts; implemented by src/host/oracle/groovy-oracle.ts. */
export interface ScriptOracle {
  /** Outcomes of the calls, in their order. Throws WEIR5030 when a script keeps it from answering. */
  ask(
    script: string,
    providers: readonly RoutingProvider[],
    calls: readonly RoutingCall[],
    types: Estate['types'],
  ): Promise<readonly (readonly string[] | string)[]>;
}

/** The front half: from the text of a file to its plan. Throws WeirError for input that is no rule. */
export type PlanRuleFile = (path: string, text: string, estate: Estate) => PlannedRule;
