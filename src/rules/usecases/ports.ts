/** Ports of the rules use cases: files, the estate and the oracle. */
import type { WeirError } from '../../errors/weir-error.ts';
import type { CaseFile, RoutingCall, RoutingProvider } from '../case-file.ts';
import type { PlanSpan, RoutePlan } from '../plan/route-plan.ts';
import type { RouterEngine } from '../read/router-behaviour.ts';
import type { KeyScope } from '../read/rule-scope.ts';
import type { RuleNode } from './shared-nodes.ts';

/** Files as the rules commands need them; implemented by adapters/rule-files.ts. */
export interface RuleFiles {
  /** The rule files behind the paths; nothing below `except` (the output folder) is among them. */
  list(paths: readonly string[], except?: string): Promise<RuleFileListing>;
  /** Text of a file in an encoding, UTF-8 if omitted. Throws WEIR5020. */
  read(path: string, encoding?: string): Promise<string>;
  readIfPresent(path: string): Promise<string | null>;
  listFolder(folder: string): Promise<string[]>;
  exists(path: string): Promise<boolean>;
  write(path: string, text: string): Promise<void>;
  /** Throws WEIR5021 when a file could not be written there; writes nothing. */
  requireWritable(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Waits for several accesses at once: cheaper than for each alone where they are many. */
  together<T>(work: () => Promise<T>): Promise<T>;
}

/** A rule file: where it is, and its path below the input's root, with `/`. */
export interface RuleFilePath {
  readonly path: string;
  readonly name: string;
  /** The folder that was named, or the folder of the file that was. */
  readonly root: string;
}

/** Rule files, with what could not be looked at and what was left out. */
export interface RuleFileListing {
  readonly files: readonly RuleFilePath[];
  readonly errors: readonly WeirError[];
  readonly warnings: readonly string[];
}

/** Facts about the estate beside the rule: snapshot, services, types, application. */
export type Estate = Omit<CaseFile, 'calls' | 'kind'> & {
  /** The line of Dubbo whose routers read condition and tag rules, where it is known. */
  readonly engine?: RouterEngine | undefined;
  /** The meaning of a rule's key for carriers that leave it open. */
  readonly keyScope?: KeyScope | undefined;
};

/** A rule file read and planned. */
export interface PlannedRule {
  readonly plan: RoutePlan;
  /** The rule's own text, taken out of its carrier. */
  readonly script: string;
  /** Language of a script, as its carrier names it. */
  readonly language: string;
  /** The rule with its carrier, as it lies in the registry or the configuration centre. */
  readonly carrier: string;
  /** Lines of Dubbo that may read it, for condition and tag rules: the plan's own behaviour is that of the first. */
  readonly engines: readonly RouterEngine[];
  /** Its node in the configuration centre, where the carrier says it. */
  readonly node: RuleNode | null;
  /** The carrier switches the rule off: what its text would do is no matter. */
  readonly isOff: boolean;
  /** Turns a span of the plan into one of the file. */
  readonly place: (span: PlanSpan) => PlanSpan;
  /** Text of a line of the file, counted from 1. */
  readonly lineText: (line: number) => string;
}

/** A real engine that runs scripts; implemented by adapters/oracle/groovy-oracle.ts. */
export interface ScriptOracle {
  /** Somebody asked for it by name: what it cannot be asked about is worth a warning. */
  readonly isDemanded?: boolean;
  /**
   * Outcomes of the calls, in their order; null when there is no engine after all and nothing was asked. Throws WEIR5030
   * when a script keeps it from answering, WEIR5029 when it cannot be started again.
   */
  ask(
    script: string,
    providers: readonly RoutingProvider[],
    calls: readonly RoutingCall[],
    types: Estate['types'],
  ): Promise<readonly (readonly string[] | string)[] | null>;
  /** The same of the routers of a real Dubbo, of one line. */
  askRouter?(engine: RouterEngine, question: RouterQuestion): Promise<readonly (readonly string[] | string)[] | null>;
}

/** A rule with its situation, for the routers of a real Dubbo. */
export interface RouterQuestion {
  readonly kind: 'condition-url' | 'condition-yaml' | 'tag' | 'javascript';
  /** The carrier's text as it lies in the registry or the configuration centre; a script is asked without its carrier. */
  readonly rule: string;
  /** Provider application. */
  readonly app: string;
  readonly providers: readonly RoutingProvider[];
  readonly calls: readonly RoutingCall[];
}
