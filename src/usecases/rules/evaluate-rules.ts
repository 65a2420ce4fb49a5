import { join } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import type { RoutingCall, RoutingProvider } from '../../routing/case-file.ts';
import { hasNoEffect } from '../../routing/convert-plan.ts';
import { type EvaluatedCall, evaluateDocuments, type LoadedDocuments } from '../../routing/evaluate-documents.ts';
import { loadTargetModel } from '../../routing/models/load-model.ts';
import { presentProviders } from '../../routing/plan-evaluate.ts';
import type { RoutePlan } from '../../routing/route-plan.ts';
import type { LabelPlan } from '../../routing/targets/label-plan.ts';
import { targetVersion } from '../../routing/targets/lower.ts';
import type { TargetName } from '../../routing/targets/target.ts';
import { DOCUMENT_HEADER } from './output-files.ts';
import type { RuleFiles } from './ports.ts';

/** Documents of a folder, or the reason why there are none: the script had no effect, or nothing of it was converted. */
export type RulesInFolder =
  | { readonly kind: 'documents'; readonly documents: LoadedDocuments; readonly text: string; readonly name: string }
  | { readonly kind: 'no-rule'; readonly effect: 'none' | 'unconverted'; readonly name: string };

/**
 * Loads the documents of one script from a folder of `weir rules convert` (or one YAML file). Throws WEIR5023 when there is
 * none or several to choose from, WEIR5028 when the target would not take the text.
 */
export async function loadRules(
  files: RuleFiles,
  place: string,
  wanted: {
    readonly target: TargetName;
    readonly version?: string | undefined;
    readonly name?: string | undefined;
    /** Tells the wanted script by the path that its plan remembers, where the folder holds several. */
    readonly isSource?: (path: string) => boolean;
  },
): Promise<RulesInFolder> {
  const version = targetVersion(wanted.target, wanted.version);
  if (/\.ya?ml$/.test(place)) return loaded(wanted.target, version, await files.read(place), EMPTY_LABELS, place);
  const entries = await files.listFolder(place);
  const suffix = `.${wanted.target}.yaml`;
  const names = new Set(
    entries.flatMap((entry) =>
      entry.endsWith(suffix)
        ? [entry.slice(0, -suffix.length)]
        : entry.endsWith('.plan.json')
          ? [entry.slice(0, -10)]
          : [],
    ),
  );
  let chosen = wanted.name !== undefined && names.has(wanted.name) ? wanted.name : undefined;
  if (chosen === undefined && wanted.isSource !== undefined)
    chosen = await findBySource(files, place, names, wanted.isSource);
  if (chosen === undefined) chosen = wanted.name ?? (names.size === 1 ? [...names][0] : undefined);
  if (chosen === undefined || !names.has(chosen)) throw noDocuments(place, wanted.target, [...names], wanted.name);
  const text = await files.readIfPresent(join(place, `${chosen}${suffix}`));
  if (text === null) {
    const plan = JSON.parse((await files.readIfPresent(join(place, `${chosen}.plan.json`))) ?? '{}') as RoutePlan;
    return { kind: 'no-rule', effect: hasNoEffect(plan) ? 'none' : 'unconverted', name: chosen };
  }
  const labels = await files.readIfPresent(join(place, `${chosen}.labels.json`));
  return loaded(wanted.target, version, text, labels === null ? EMPTY_LABELS : readLabels(labels), chosen);
}

async function findBySource(
  files: RuleFiles,
  place: string,
  names: ReadonlySet<string>,
  isSource: (path: string) => boolean,
): Promise<string | undefined> {
  for (const name of names) {
    const text = await files.readIfPresent(join(place, `${name}.plan.json`));
    if (text !== null && isSource((JSON.parse(text) as RoutePlan).source?.path ?? '')) return name;
  }
  return undefined;
}

const EMPTY_LABELS: LabelPlan = { groups: [], healthChecked: [] };

function readLabels(text: string): LabelPlan {
  const labels = JSON.parse(text) as Partial<LabelPlan>;
  return { ...labels, groups: labels.groups ?? [], healthChecked: labels.healthChecked ?? [] };
}

function loaded(target: TargetName, version: string, text: string, labels: LabelPlan, name: string): RulesInFolder {
  const loading = loadTargetModel(target, version, text);
  if (!loading.ok) {
    throw new WeirError('WEIR5028', {
      what: `${target} would not take the documents of ${name}`,
      why: loading.reason,
      hint: 'convert again, or see `weir rules lint`',
    });
  }
  const generated = text.startsWith(DOCUMENT_HEADER);
  return { kind: 'documents', documents: { model: loading.model, labels, generated }, text, name };
}

function noDocuments(place: string, target: TargetName, names: readonly string[], name: string | undefined): WeirError {
  return new WeirError('WEIR5023', {
    what: name === undefined ? `cannot choose documents in ${place}` : `${place} has no documents named ${name}`,
    why:
      names.length === 0 ? `it holds no file *.${target}.yaml` : `it holds those of ${names.slice(0, 10).join(', ')}`,
    hint: names.length === 0 ? 'run `weir rules convert` into that folder first' : 'choose one with --name',
  });
}

/** Answers every call by what a folder holds. */
export function evaluateRules(
  rules: RulesInFolder,
  calls: readonly RoutingCall[],
  providers: readonly RoutingProvider[],
): EvaluatedCall[] {
  return calls.map((call, index) => {
    if (rules.kind === 'documents') return evaluateDocuments(rules.documents, call, index, providers);
    if (rules.effect === 'none') {
      return { call: index, providers: presentProviders(call, providers).map((provider) => provider.id) };
    }
    return { call: index, outcome: 'REFUSED', reason: 'nothing of this script was converted' };
  });
}
