/** The use case of `weir rules cutover`: a run book for each script. */
import { join } from 'node:path';
import type { ScriptResult } from '../report/script-result.ts';
import { type UnusableFile, unusableFile } from '../report/unusable-files.ts';
import { type ConvertPorts, type ConvertRequest, convertRules } from './convert-rules.ts';

/** One step of a cut-over: what to do, how to see that it worked, and how to go back. */
export interface CutoverStep {
  readonly title: string;
  readonly action: string;
  readonly check: string;
  readonly back: string;
}

/** `result` of `weir rules cutover --json`. */
export interface Cutover {
  readonly scripts: readonly { readonly path: string; readonly file: string; readonly steps: readonly CutoverStep[] }[];
  /** Files that could not be used; the others were dealt with. */
  readonly errors: readonly UnusableFile[];
}

/** A result with what the command warns of. */
type Told<T> = T & { readonly warnings: readonly string[] };

/** Writes the run book of every script beside its documents; the conversion itself runs too, so that both fit together. */
export async function planCutover(request: ConvertRequest, ports: ConvertPorts): Promise<Told<Cutover>> {
  const outcome = await convertRules(request, ports);
  const scripts: Cutover['scripts'][number][] = [];
  for (const result of outcome.results) {
    const steps = cutoverSteps(result);
    const file = `${result.name}.cutover.md`;
    await ports.files.write(join(request.out, file), runBook(result, steps));
    scripts.push({ path: result.path, file, steps });
  }
  return { scripts, errors: outcome.errors.map((error) => unusableFile(error)), warnings: outcome.warnings };
}

/** The order matters: labels, rules, verification, switch-off, restarts, deletion. */
export function cutoverSteps(result: ScriptResult): CutoverStep[] {
  const { plan, converted, name, target } = result;
  const app = plan.scope.providerApp ?? '<provider application>';
  const remove = removal(result, app);
  if (converted.text === null) {
    const dead = plan.effect.state !== 'live';
    return dead
      ? remove
      : [
          {
            title: 'Keep the script',
            action: 'Nothing of it was converted. Read the report, change the script as it says, convert again.',
            check: 'The report lists no refused rule.',
            back: 'Nothing was changed.',
          },
        ];
  }
  const refused = converted.rules.filter((rule) => rule.fidelity === 'refused').map((rule) => rule.id);
  const labels: CutoverStep = {
    title: 'Labels first',
    action:
      converted.labels.groups.length === 0
        ? 'No new label is needed: the subsets read parameters that the providers have.'
        : `Set ${converted.labels.groups.map((group) => group.label).join(', ')} on the providers as ${name}.labels.json lists them (URL parameters for Dubbo, pod labels for Istio).`,
    check: 'Every provider in the registry shows its labels. A missing label means that all traffic goes everywhere.',
    back: 'Remove the labels; nothing reads them yet.',
  };
  const write: CutoverStep = {
    title: 'VirtualService and DestinationRule in one text',
    action:
      target === 'dubbo-mesh'
        ? `Write ${name}.${target}.yaml as one text under ${app}.MESHAPPRULE, group dubbo. Never one without the other: the former rule would stay. Every provider application behind the interface needs its rule, or gets no traffic.`
        : `Apply ${name}.${target}.yaml in one go.`,
    check:
      'No consumer logs "failed to parse mesh route rule"; the effect is there after some 20 ms (in Dubbo at most 0.3 s).',
    back: 'Write the former text again; an empty text clears the rule.',
  };
  const verify: CutoverStep = {
    title: 'Verification with both in place',
    action: `Run weir rules verify on the script with --rules, then watch calls per provider for a day. The script still filters behind the rule, so nothing can go where it did not go before.${refused.length > 0 ? ` Rules ${refused.join(', ')} stay with the script.` : ''}`,
    check: 'The share of calls for each provider is what it was.',
    back: 'Empty the mesh rule; the script decides alone again.',
  };
  if (refused.length > 0) {
    return [
      labels,
      write,
      verify,
      {
        title: 'Stop here',
        action: `The script must stay enabled for ${refused.join(', ')}. Repair them as the report says, convert again, begin anew.`,
        check: 'weir rules convert ends with 0.',
        back: 'As above.',
      },
    ];
  }
  return [labels, write, verify, ...remove];
}

/** How a rule goes away, by its kind: only the script-router node of Dubbo 3 must not be deleted while consumers live. */
function removal({ plan }: ScriptResult, app: string): CutoverStep[] {
  const { kind, form } = plan.source;
  if (form.endsWith('-url')) return URL_REMOVAL;
  if (kind === 'dubbo-script') return scriptRemoval(form, app);
  return kind.startsWith('hsf') ? HSF_REMOVAL : routerRemoval(kind);
}

function routerRemoval(kind: string): CutoverStep[] {
  const node = `<key>.${kind}-router, group dubbo`;
  return [
    {
      title: 'Switch the rule off',
      action: `Set enabled: false in ${node}. Consumers follow the change without a restart.`,
      check: `Calls per provider stay as they were.${kind === 'tag' ? ' Own tags of providers (dubbo.tag) still route.' : ''}`,
      back: 'Set enabled: true.',
    },
    {
      title: 'Delete the rule',
      action: `Delete ${node}. Consumers drop a ${kind} rule whose node is gone.`,
      check: 'Calls per provider stay as they were.',
      back: 'Write the rule again; keep its text in version control.',
    },
  ];
}

const URL_REMOVAL: CutoverStep[] = [
  {
    title: 'Take the URL out of the registry',
    action:
      'Delete the node of the URL below /dubbo/<service>/routers. The registry notifies the consumers that read such URLs; the others never had the rule.',
    check: 'Calls per provider stay as they were; the registry lists no such URL.',
    back: 'Register the same URL again; keep its text in version control.',
  },
];

const HSF_REMOVAL: CutoverStep[] = [
  {
    title: 'Take the rule out of HSF',
    action:
      'Remove the rule in the console that pushes it. Never push an unreadable text instead: clients keep the addresses of the last good push.',
    check: 'Calls per provider stay as they were on several clients.',
    back: 'Push the rule again; keep its text in version control.',
  },
];

function scriptRemoval(form: string, app: string): CutoverStep[] {
  const where =
    form === 'script-yaml'
      ? `${app}.script-router`
      : form === 'bare'
        ? 'the place where the script is stored'
        : 'the registry node or configuration that holds it';
  return [
    {
      title: 'Switch the script off, do not delete it',
      action: `Set enabled: false in ${where}. Empty text would keep the old script; deleting the node breaks every call of live consumers.`,
      check: 'Calls per provider stay as they were; no "No provider available".',
      back: 'Set enabled: true.',
    },
    {
      title: 'Restart the consumers',
      action:
        'Restart all consumers, in the usual rolling way. Before that, see that every DestinationRule has subsets: a consumer that meets one without does not start.',
      check: 'Every consumer has started after the switch-off.',
      back: 'enabled: true works for restarted consumers too.',
    },
    {
      title: 'Delete the script',
      action: `Delete ${where} once no consumer from before the switch-off is alive.`,
      check: 'No error in the logs of the consumers for an hour.',
      back: 'Write the script again with enabled: false first, then true; keep its text in version control.',
    },
  ];
}

function runBook(result: ScriptResult, steps: readonly CutoverStep[]): string {
  const lines = [`# Cut-over of ${result.path}`, ''];
  steps.forEach((step, index) => {
    lines.push(
      `## ${index + 1}. ${step.title}`,
      '',
      step.action,
      '',
      `- Check: ${step.check}`,
      `- Rollback: ${step.back}`,
      '',
    );
  });
  return `${lines.join('\n').trimEnd()}\n`;
}
