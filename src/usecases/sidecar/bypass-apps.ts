import { BYPASS_SET } from '../../intercept/compile-nft.ts';
import { rulesetChange } from '../../intercept/diff.ts';
import type { RulesetChange } from '../../intercept/operations.ts';
import type { Ruleset } from '../../intercept/ruleset.ts';
import { switchOffOperations } from '../../intercept/switch-off.ts';
import type { InterceptHost } from '../host.ts';
import type { SidecarInterception } from '../ports/sidecar.ts';

/**
 * The supervisor's own bypass: new connections of every app that is on through this sidecar go direct while nobody
 * serves. It is a switch of its own cause, so it never undoes an operator's `off` and no operator's `on` undoes it by
 * accident. Apps with `onFailure: deny` are left alone: they are refused rather than sent direct.
 */
export function bypassForSidecar(host: InterceptHost, sidecar: string): SidecarInterception {
  async function change(changesOf: (rulesets: readonly Ruleset[], apps: readonly string[]) => RulesetChange[]) {
    const { state } = await host.store.read();
    const apps = (state?.apps ?? []).filter(
      (app) => app.desired === 'on' && app.sidecar.name === sidecar && app.onFailure === 'direct',
    );
    if (state === null || state.backend === null || apps.length === 0) return [];
    const names = apps.map(({ name }) => name);
    const firewall = host.firewall(state.backend);
    const changes = changesOf((await firewall.read()).rulesets, names);
    if (changes.length === 0) return [];
    await firewall.commit(changes);
    return names;
  }
  return {
    async bypass(on, reason) {
      const [from, to] = on ? ['on', 'bypassed'] : ['bypassed', 'on'];
      const at = new Date(host.clock.now()).toISOString();
      for (const app of await change(on ? addBypass : liftBypass)) {
        await host.journal({ at, app, from, to, by: `supervisor of ${sidecar}`, reason });
      }
    },
    async renewLeases() {},
  };
}

function addBypass(rulesets: readonly Ruleset[], apps: readonly string[]): RulesetChange[] {
  return rulesets
    .map(({ scope, ...ruleset }) => ({
      scope,
      operations: switchOffOperations({ scope, ...ruleset }, apps, 'bypass'),
      undo: [],
    }))
    .filter(({ operations }) => operations.length > 0);
}

function liftBypass(rulesets: readonly Ruleset[], apps: readonly string[]): RulesetChange[] {
  return rulesets
    .map((ruleset) =>
      rulesetChange(ruleset, withoutBypass(ruleset, apps), { clearSwitches: apps, clearCauses: ['bypass'] }),
    )
    .filter(({ operations }) => operations.length > 0);
}

/** What is installed, without the supervisor's switches of these apps. */
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
