/** Whether real engines were asked in a run, for the results of the rules commands. */

/** `oracle` in the JSON results of convert, verify and inspect. */
export interface EngineUse {
  /** A call was put to the engine. */
  readonly asked: boolean;
  /** Calls that it answered. */
  readonly calls: number;
  /** Why it was not asked; null when it was. */
  readonly why: string | null;
  /** One entry for each engine that a rule of the run needs, in the order in which they were needed. */
  readonly engines: readonly OneEngineUse[];
}

/** The use of one engine: `Groovy 2.4.21`, `Dubbo 3.2.16`. */
export interface OneEngineUse {
  readonly name: string;
  readonly calls: number;
  /** Why it was not asked; null when it was. */
  readonly why: string | null;
}
