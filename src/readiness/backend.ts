/** The checks of `weir check backend`. */
import type { Backend } from '../interception/backend.ts';
import { firstChoice } from '../interception/choose-backend.ts';
import type { BackendChoice } from '../interception/detection.ts';
import { readSituation } from '../interception/situation.ts';
import { type Check, type CheckFinding, finding } from './check-finding.ts';
import { unreadMemory } from './unread-memory.ts';

/** The firewall back ends: which work, which is taken, and whether rules are mixed. */
export const BACKEND_CHECKS: readonly Check[] = [
  {
    about: 'back ends',
    why: 'weir writes into one of them; the first that works is taken at the first `on`',
    needs: 'NET_ADMIN',
    async run(host) {
      const [{ state }, choices] = await Promise.all([host.intercept.store.read(), host.intercept.backends()]);
      // One that works is enough: the others are only mentioned then. But none is taken before a better one has answered.
      const isAnyUsable = choices.some(({ usable }) => usable);
      const isTaken = isAnyUsable && state !== null && state.backend !== null;
      const unsure = isTaken ? [] : firstChoice(choices).unsure;
      return choices.map((choice): CheckFinding => {
        const { backend, usable, isUnknown, detail } = choice;
        if (usable) return finding('ok', `${backend} can be used`, this.why, { evidence: detail });
        const isUnsure = unsure.includes(choice);
        if (isUnknown || isUnsure)
          return finding(
            isUnsure ? 'unknown' : 'skipped',
            `${backend}: whether it can be used is not known`,
            this.why,
            {
              hint: 'mend what keeps its tool from answering, then run it again',
              evidence: detail,
            },
          );
        const result = isAnyUsable ? 'skipped' : 'error';
        return finding(result, `${backend} cannot be used`, this.why, {
          ...(isAnyUsable ? {} : { hint: 'install nftables or iptables, and see `weir check kernel`' }),
          evidence: detail,
        });
      });
    },
  },
  {
    about: 'the back end that is taken',
    why: 'rules in a second back end would redirect the same packets twice',
    needs: 'NET_ADMIN',
    async run(host) {
      const [{ state, problem }, choices] = await Promise.all([host.intercept.store.read(), host.intercept.backends()]);
      const remembered = state?.backend ?? null;
      const choice = choices.find(({ backend }) => backend === remembered);
      if (remembered !== null && choice?.usable !== true) return [goneBackend(remembered, choice, this.why)];
      // Rules in a second one come from an older state directory, or from a restored backup.
      const { installed } = await readSituation(host.intercept, 'every');
      const holding = [...installed].filter(([, { rulesets }]) => rulesets.some(({ tables }) => tables.length > 0));
      const names = holding.map(([backend]) => backend);
      if (names.length > 1 || (remembered !== null && names.some((name) => name !== remembered)))
        return [
          finding('error', `rules of weir are in ${names.join(' and ')}`, this.why, {
            hint: '`weir uninstall` cleans every back end; then switch on again',
            evidence: `remembered: ${remembered ?? 'none'}`,
          }),
        ];
      if (problem !== null) return [unreadMemory(problem, this.why)];
      if (remembered !== null) return [finding('ok', `${remembered} is taken since the first \`on\``, this.why)];
      const { taken } = firstChoice(choices);
      return taken === null ? [] : [finding('ok', `the first \`on\` will take ${taken}`, this.why)];
    },
  },
  {
    about: 'rules in nft and in iptables-legacy',
    why: 'a packet passes both, and what is said in one cannot be seen with the tools of the other',
    needs: 'NET_ADMIN',
    async run(host) {
      const { nft, legacy } = await host.facts.natRules();
      const evidence = `${nft ?? '?'} by iptables-nft, ${legacy ?? '?'} by iptables-legacy`;
      // With none of one kind, the other kind's number does not matter.
      if (nft !== 0 && legacy !== 0 && (nft === null || legacy === null)) {
        return [
          finding('warning', 'whether nat rules are in both cannot be told', this.why, {
            hint: 'install the package iptables and run `weir check backend` as root',
            evidence,
          }),
        ];
      }
      if (nft === 0 || legacy === 0) return [finding('ok', 'nat rules are in one place', this.why, { evidence })];
      return [
        finding('warning', 'nat rules are both in nft and in iptables-legacy', this.why, {
          hint: 'move the legacy ones (`update-alternatives --config iptables`, then reload what made them)',
          evidence,
        }),
      ];
    },
  },
];

/** A back end can go after the first `on`: a package was removed, or an alternative changed. */
function goneBackend(remembered: Backend, choice: BackendChoice | undefined, why: string): CheckFinding {
  const evidence = choice?.detail ?? null;
  if (choice?.isUnknown)
    return finding('unknown', `${remembered} is remembered, and whether it can be used is not known`, why, {
      hint: 'mend what keeps its tool from answering, then run it again',
      evidence,
    });
  return finding('error', `${remembered} is remembered and cannot be used any more`, why, {
    hint: 'install it again: its rules are removed by it alone',
    evidence,
  });
}
