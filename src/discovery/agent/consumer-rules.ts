/** The rules of an agent's consumers: read before anything is served, and again when their folder changes. */
import { messageOf } from '../../errors/message-of.ts';
import type { AgentPorts } from '../ports.ts';
import type { RuledCaller } from '../resources/sidecar-rules.ts';
import type { AgentPlan } from './agent-plan.ts';

/** How often folders are looked at, in milliseconds. */
const LOOK_MS = 2_000;

/** The consumers behind a sidecar, with what was read of their rules. One whose rules were not read has none to trust. */
export function callersOf(
  { consumers }: AgentPlan,
  read: ReadonlyMap<string, RuledCaller>,
  sidecar: string,
): readonly RuledCaller[] {
  return consumers
    .filter((consumer) => consumer.sidecar === sidecar)
    .map(({ name, rules }) => {
      const none = { app: name, facts: { application: name, host: null, params: null }, scripts: [] };
      if (rules === undefined) return none;
      return read.get(name) ?? { ...none, unread: 'the rules were not read' };
    });
}

/** Reads rules; a folder that cannot be read keeps what was read of it before. */
export class ConsumerRules {
  readonly #ports: Pick<AgentPorts, 'clock' | 'readRules' | 'rulesVersion' | 'ownAddress'>;
  readonly #warn: (text: string) => void;
  /** By consumer: the version of its folder that was read last, and what it gave. */
  readonly #read = new Map<string, { readonly version: string | null; readonly caller: RuledCaller }>();

  constructor(ports: AgentPorts, warn: (text: string) => void) {
    this.#ports = ports;
    this.#warn = warn;
  }

  /** The rules of all consumers that have some. */
  async read({ consumers }: AgentPlan): Promise<readonly RuledCaller[]> {
    const callers: RuledCaller[] = [];
    for (const { name, rules } of consumers) {
      if (rules === undefined) this.#read.delete(name);
      else callers.push(await this.#readOne(name, rules, await this.#ports.rulesVersion(rules)));
    }
    return callers;
  }

  /** Tells the rules of a consumer when its folder has changed, until `signal` aborts. */
  async watch({ consumers }: AgentPlan, tell: (caller: RuledCaller) => void, signal: AbortSignal): Promise<void> {
    const ruled = consumers.flatMap(({ name, rules }) => (rules === undefined ? [] : [{ name, rules }]));
    while (ruled.length > 0 && !signal.aborted) {
      await this.#ports.clock.sleep(LOOK_MS, signal).catch(() => undefined);
      for (const { name, rules } of ruled) {
        const version = await this.#ports.rulesVersion(rules);
        if (signal.aborted || version === this.#read.get(name)?.version) continue;
        tell(await this.#readOne(name, rules, version));
      }
    }
  }

  async #readOne(app: string, folder: string, version: string | null): Promise<RuledCaller> {
    const facts = { application: app, host: this.#ports.ownAddress(), params: null };
    let caller: RuledCaller;
    try {
      const { scripts, faults } = await this.#ports.readRules(folder);
      for (const { file, why } of faults) {
        this.#warn(`${folder}/${file}: ${why}; the calls of its script keep the address that consumers picked`);
      }
      caller = { app, facts, scripts };
    } catch (error) {
      this.#warn(`the rules of ${app} were not read: ${messageOf(error)}`);
      caller = this.#read.get(app)?.caller ?? { app, facts, scripts: [], unread: 'the rules were not read' };
    }
    this.#read.set(app, { version, caller });
    return caller;
  }
}
