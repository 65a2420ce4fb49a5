/** The checks of `weir check leftovers`: the state file against the kernel. */
import { whyPartlyDirect, whyStillDiverted } from '../interception/app-state.ts';
import { listProxied } from '../interception/list-flows.ts';
import { decodeMark } from '../interception/rules/mark.ts';
import { readSituation, type Situation, unreadBackends } from '../interception/situation.ts';
import { type Check, type CheckFinding, finding } from './check-finding.ts';
import { unreadMemory } from './unread-memory.ts';

const WHY = 'leftovers of weir divert traffic that nobody asked for, or report an application as on that is off';

/** Whether kernel and memory agree, and whether anything of weir is left where nothing is on. */
export const LEFTOVER_CHECKS: readonly Check[] = [
  {
    about: 'rules and what is remembered of them',
    why: WHY,
    needs: 'NET_ADMIN',
    async run(host) {
      const situation = await readSituation(host.intercept, 'every');
      const found = [
        ...unreadableState(situation),
        ...unreadBackends(situation).map((line) => finding('warning', line, WHY, { hint: 'see `weir check backend`' })),
        ...unremembered(situation),
        ...missingRules(situation),
        ...contraryRules(situation),
      ];
      return found.length > 0 ? found : [finding('ok', 'the kernel holds what weir remembers', WHY)];
    },
  },
  {
    about: 'connections with marks of weir',
    why: 'a proxied connection needs rules of weir until it ends',
    needs: 'NET_ADMIN',
    async run(host) {
      const { apps } = await readSituation(host.intercept, 'every');
      const flows = await listProxied(host.intercept, apps);
      // A slot is kept for as long as its application is remembered, so a mark without one has no owner left.
      const known = new Set([...apps.values()].flatMap(({ stored, kernel }) => [stored?.slot, kernel?.slot]));
      const strays = flows.filter(({ mark }) => !known.has(decodeMark(mark)?.slot));
      if (strays.length === 0)
        return [
          finding('ok', 'each proxied connection belongs to an application that is known', this.why, {
            evidence: `${flows.length} of them`,
          }),
        ];
      return [
        finding('warning', `${strays.length} proxied of applications that weir does not know`, this.why, {
          hint: 'they end by themselves, or with `weir uninstall --existing cut`',
          evidence: `for example ${strays[0]?.source.address} to ${strays[0]?.originalDestination.address}`,
        }),
      ];
    },
  },
  {
    about: 'files of weir',
    why: 'an off.sh from earlier acts on rules that are no longer there',
    async run(host) {
      const [{ state, problem }, files] = await Promise.all([
        host.intercept.store.read(),
        host.facts.filesIn(host.runDir),
      ]);
      if (problem !== null) return [unreadMemory(problem, this.why)];
      const panic = files.find((file) => file === 'off.sh');
      // Both directions count: a panic file without state is as odd as an application that is on without a panic file.
      const isOn = state?.apps.some(({ desired }) => desired === 'on') ?? false;
      if (isOn && panic === undefined)
        return [
          finding(
            'warning',
            'off.sh is gone although an application is on',
            'it is the way out when weir itself cannot run',
            {
              hint: 'run `weir on` of the application once more: it is written again',
              evidence: host.runDir,
            },
          ),
        ];
      if (state === null && panic !== undefined)
        return [
          finding('warning', 'off.sh is there, and weir remembers nothing', this.why, {
            hint: 'run `weir uninstall`, which removes it',
            evidence: `${host.runDir}/off.sh`,
          }),
        ];
      return [finding('ok', 'files of weir are where they belong', this.why)];
    },
  },
];

/** A damaged state file does not stop `weir off`, but somebody has to know of it. */
function unreadableState({ storeProblem }: Situation): CheckFinding[] {
  if (storeProblem === null) return [];
  return [
    finding('error', storeProblem, 'weir goes by the kernel alone then, and has forgotten reasons and times', {
      hint: 'mend or remove the state file, then run `weir on` or `weir off` again',
    }),
  ];
}

/** The kernel diverts, or keeps an empty frame, and the state file knows nothing of it. */
function unremembered({ apps, stored, installed }: Situation): CheckFinding[] {
  const unknown = [...apps.values()].filter((app) => app.stored === null).map(({ name }) => name);
  if (unknown.length > 0)
    return [
      finding('error', `rules for ${unknown.join(', ')}, which weir does not remember`, WHY, {
        hint: `\`weir off ${unknown.join(' ')}\` sends it direct; \`weir uninstall\` removes all rules`,
      }),
    ];
  const holding = [...installed].filter(([, { rulesets }]) => rulesets.some(({ tables }) => tables.length > 0));
  if (stored !== null || holding.length === 0) return [];
  return [
    finding('warning', 'tables or chains of weir are there, and weir remembers nothing', WHY, {
      hint: '`weir uninstall` removes them',
      evidence: holding.map(([backend]) => backend).join(', '),
    }),
  ];
}

/** Remembered as on, and not in the kernel: somebody flushed the rules, or the host was started again. */
function missingRules({ apps }: Situation): CheckFinding[] {
  const missing = [...apps.values()].filter(({ desired, kernel }) => desired === 'on' && kernel === null);
  return missing.map(({ name }) =>
    finding('warning', `${name} should be on, and the kernel has no rules for it: its traffic goes direct`, WHY, {
      hint: `\`weir on ${name}\` puts them back, \`weir off ${name}\` forgets it`,
    }),
  );
}

/** Rules that do another thing than what was decided: a command that changed them was killed, or somebody else did. */
function contraryRules({ apps }: Situation): CheckFinding[] {
  return [...apps.values()].flatMap((app) => {
    const why = whyStillDiverted(app) ?? whyPartlyDirect(app);
    if (why === null) return [];
    const hint = `\`weir on ${app.name}\` or \`weir off ${app.name}\` makes them one thing`;
    return [finding('warning', `${app.name}: ${why}`, WHY, { hint })];
  });
}
