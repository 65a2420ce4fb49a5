/** The bypass of one sidecar's applications. */
import type { Backend } from '../backend.ts';
import type { InterceptHost } from '../host.ts';
import { rulesetChange } from '../rules/diff.ts';
import { installedParts } from '../rules/installed-parts.ts';
import { BYPASS_SET } from '../rules/nft/table-maps.ts';
import type { RulesetChange } from '../rules/operations.ts';
import type { Ruleset } from '../rules/ruleset.ts';
import { rememberedSwitches, switchChanges } from '../send-direct.ts';
import { noteChange, type SupervisedApps, supervisedApps } from './supervised-apps.ts';

/** Intervals: of the look whether the bypass is still in the kernel, and of its preparation. */
const [KEEP_MS, PREPARE_MS] = [2000, 1000] as const;

/** A bypass that only has to be committed. */
interface ReadyBypass {
  readonly backend: Backend;
  readonly names: readonly string[];
  readonly changes: readonly RulesetChange[];
}

/**
 * The supervisor's own bypass: while nobody serves, new connections of every app that is on through this sidecar go
 * direct. The bypass is a switch of its own cause. So it never undoes an operator's `off`, and no operator's `on`
 * removes it by accident. Apps with `onFailure: deny` are left alone: their connections are refused, not sent direct.
 */
export class AppBypass {
  readonly #host: InterceptHost;
  readonly #sidecar: string;
  /** Null until this supervisor has read the rules: an earlier supervisor may have left a bypass behind. */
  #isOn: boolean | null = null;
  #keptAt = 0;
  #ready: ReadyBypass | null = null;
  #preparedAt = Number.NEGATIVE_INFINITY;
  #last: Promise<void> = Promise.resolve();
  /** Why the bypass is to end, while that has not been done; null: it is wanted, or has ended. */
  #liftFor: string | null = null;
  #liftedAt = Number.NEGATIVE_INFINITY;

  constructor(host: InterceptHost, sidecar: string) {
    this.#host = host;
    this.#sidecar = sidecar;
  }

  /** Prepares the transaction of a bypass and starts the tool for it. Call it often while the sidecar serves. */
  async prepare(): Promise<void> {
    const now = this.#host.clock.monotonic();
    if (now < this.#preparedAt + PREPARE_MS) return;
    this.#preparedAt = now;
    const known = await supervisedApps(this.#host, this.#sidecar);
    const names = directApps(known);
    const changes = rememberedSwitches(known?.state ?? null, names, 'bypass');
    this.#ready = known === null || changes === null ? null : { backend: known.backend, names, changes };
    if (this.#ready !== null) await this.#host.firewall(this.#ready.backend).standBy();
  }

  /**
   * Sends the apps direct. Rejects when the state file or the kernel cannot be read. The first bypass commits the prepared transaction before anything is read, because every
   * millisecond loses calls. Then it reads the kernel and corrects what changed.
   */
  add(reason: string): Promise<void> {
    this.#liftFor = null;
    return this.#inTurn(() => this.#add(reason));
  }

  /** Removes the bypass, and no other switch. Rejects when the state file or the kernel cannot be read. */
  lift(reason: string): Promise<void> {
    this.#liftFor = reason;
    return this.#inTurn(() => this.#lift(reason));
  }

  /** Removes the bypass, now and then, as long as that failed when it was to end. Call it while the sidecar serves. */
  async liftAgain(): Promise<void> {
    if (this.#liftFor === null || this.#host.clock.monotonic() < this.#liftedAt + KEEP_MS) return;
    await this.#inTurn(async () => {
      if (this.#liftFor !== null) await this.#lift(this.#liftFor);
    });
  }

  /** Adds the bypass again, while it is on, for rules that changed and for new applications. */
  async keep(): Promise<void> {
    if (this.#isOn !== true || this.#host.clock.monotonic() < this.#keptAt + KEEP_MS) return;
    await this.add('its sidecar does not serve');
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  async #add(reason: string): Promise<void> {
    const isFresh = this.#isOn === false;
    this.#isOn = true;
    this.#keptAt = this.#host.clock.monotonic();
    const done = isFresh ? await this.#commitReady() : [];
    let apps = done;
    try {
      const names = directApps(await supervisedApps(this.#host, this.#sidecar));
      apps = names.filter((name) => done.includes(name));
      const more = await this.#change(names, addBypass);
      apps = names.filter((name) => done.includes(name) || more.includes(name));
    } finally {
      await this.#note(apps, 'on', 'bypassed', reason);
    }
  }

  async #lift(reason: string): Promise<void> {
    this.#liftedAt = this.#host.clock.monotonic();
    const known = await supervisedApps(this.#host, this.#sidecar);
    const lifted = await this.#change(known?.apps.map(({ name }) => name) ?? [], liftBypass);
    this.#isOn = false;
    this.#liftFor = null;
    this.#preparedAt = Number.NEGATIVE_INFINITY;
    await this.prepare();
    await this.#note(lifted, 'bypassed', 'on', reason);
  }

  /** Resolves to the applications that were sent direct: none when the rules are not as they were. */
  async #commitReady(): Promise<readonly string[]> {
    if (this.#ready === null) return [];
    const { backend, names, changes } = this.#ready;
    return this.#host
      .firewall(backend)
      .commit(changes)
      .then(
        () => names,
        () => [],
      );
  }

  /** Resolves to the applications that were changed. */
  async #change(
    names: readonly string[],
    changesOf: (rulesets: readonly Ruleset[], apps: readonly string[]) => RulesetChange[],
  ): Promise<readonly string[]> {
    const { state } = await this.#host.store.read();
    if (state === null || state.backend === null || names.length === 0) return [];
    const firewall = this.#host.firewall(state.backend);
    const { rulesets } = await firewall.read();
    const before = bypassedParts(rulesets);
    const changes = changesOf(rulesets, names);
    if (changes.length === 0) return [];
    await firewall.commit(changes);
    const after = changesOf === addBypass;
    return names.filter((name) => before.get(name)?.some((isBypassed) => isBypassed !== after) ?? false);
  }

  #note(apps: readonly string[], from: string, to: string, reason: string): Promise<void> {
    return noteChange(this.#host, this.#sidecar, { apps, from, to, reason });
  }
}

/** Those that may go direct. */
function directApps(known: SupervisedApps | null): string[] {
  return (known?.apps ?? []).filter(({ onFailure }) => onFailure === 'direct').map(({ name }) => name);
}

/** By application, whether each of its parts has the supervisor's switch. */
function bypassedParts(rulesets: readonly Ruleset[]): ReadonlyMap<string, readonly boolean[]> {
  const parts = Map.groupBy(rulesets.flatMap(installedParts), ({ app }) => app);
  return new Map([...parts].map(([app, list]) => [app, list.map(({ off }) => off.includes('bypass'))]));
}

function addBypass(rulesets: readonly Ruleset[], apps: readonly string[]): RulesetChange[] {
  return switchChanges(rulesets, apps, 'bypass');
}

function liftBypass(rulesets: readonly Ruleset[], apps: readonly string[]): RulesetChange[] {
  return rulesets
    .map((ruleset) =>
      rulesetChange(ruleset, withoutBypass(ruleset, apps), { clearSwitches: apps, clearCauses: ['bypass'] }),
    )
    .filter(({ operations }) => operations.length > 0);
}

/** The installed rules without the supervisor's switches of these apps. */
function withoutBypass(ruleset: Ruleset, apps: readonly string[]): Ruleset {
  const isOurs = (app: string | null | undefined) => typeof app === 'string' && apps.includes(app);
  const tables = ruleset.tables.map((table) => ({
    ...table,
    maps: table.maps.map((map) =>
      map.name === BYPASS_SET ? { ...map, elements: map.elements.filter(({ tag }) => !isOurs(tag?.app)) } : map,
    ),
    chains: table.chains.map((chain) => ({
      ...chain,
      rules: chain.rules.filter(
        (rule) => !(rule.kind === 'known' && rule.tag?.by === 'bypass' && isOurs(rule.tag.app)),
      ),
    })),
  }));
  return { ...ruleset, tables };
}
