/** The use case of `weir rules eval` on converted documents. */
import { join } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import { hasNoEffect } from '../convert-plan.ts';
import { type EvaluatedCall, evaluateDocuments, type LoadedDocuments } from '../evaluate-documents.ts';
import { loadTargetModel } from '../models/load-model.ts';
import { presentProviders } from '../plan/evaluate-plan.ts';
import { DOCUMENT_HEADER } from '../read/foreign-document.ts';
import type { LabelPlan } from '../targets/label-plan.ts';
import { targetVersion } from '../targets/lower.ts';
import type { TargetName } from '../targets/target.ts';
import { whenEmptyOf } from '../targets/when-empty.ts';
import { type ReadPlan, readLabels, readPlan } from './plan-records.ts';
import type { RuleFiles } from './ports.ts';

/** Documents of a folder, or the reason for their absence: the script had no effect, or no rule of it was converted. */
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
    /** The place is one file with documents; by default when it is named as YAML. */
    readonly isFile?: boolean;
    /** Tells the wanted script by the path that its plan remembers, where the folder holds several. */
    readonly isSource?: (path: string) => boolean;
    /** The next step where the folder has others; by default `--name`. */
    readonly choice?: string;
  },
): Promise<RulesInFolder> {
  const version = targetVersion(wanted.target, wanted.version);
  if (wanted.isFile ?? /\.ya?ml$/.test(place))
    return loaded(wanted.target, version, await files.read(place), EMPTY_LABELS, place);
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
  if (chosen === undefined || !names.has(chosen)) {
    const isThere = entries.length > 0 || (await files.exists(place));
    throw noDocuments(place, wanted.target, isThere ? [...names] : null, wanted);
  }
  const text = await files.readIfPresent(join(place, `${chosen}${suffix}`));
  if (text === null) {
    const plan = await planOf(files, place, chosen);
    return { kind: 'no-rule', effect: plan !== null && hasNoEffect(plan) ? 'none' : 'unconverted', name: chosen };
  }
  const labelsFile = join(place, `${chosen}.labels.json`);
  const labels = await files.readIfPresent(labelsFile);
  const given = labels === null ? EMPTY_LABELS : readLabels(labelsFile, labels);
  const plan = await planOf(files, place, chosen);
  const result = loaded(wanted.target, version, text, given, chosen);
  if (result.kind !== 'documents' || plan === null) return result;
  const { callAssumptions, assumptions } = plan;
  return { ...result, documents: { ...result.documents, callAssumptions, assumptions } };
}

async function findBySource(
  files: RuleFiles,
  place: string,
  names: ReadonlySet<string>,
  isSource: (path: string) => boolean,
): Promise<string | undefined> {
  let unread: unknown;
  for (const name of names) {
    const plan = await planOf(files, place, name).catch((error: unknown) => {
      unread ??= error;
      return null;
    });
    if (plan !== null && isSource(plan.source.path)) return name;
  }
  // The wanted one may be the one that cannot be read.
  if (unread !== undefined) throw unread;
  return undefined;
}

const EMPTY_LABELS: LabelPlan = { groups: [], healthChecked: [] };

async function planOf(files: RuleFiles, place: string, name: string): Promise<ReadPlan | null> {
  const file = join(place, `${name}.plan.json`);
  const text = await files.readIfPresent(file);
  return text === null ? null : readPlan(file, text);
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
  return {
    kind: 'documents',
    documents: { model: loading.model, labels, generated, whenEmpty: whenEmptyOf(text) },
    text,
    name,
  };
}

/** The error of a folder with these names, or of one that is not there (null). */
function noDocuments(
  place: string,
  target: TargetName,
  names: readonly string[] | null,
  { name, choice = 'choose one with --name' }: { readonly name?: string | undefined; readonly choice?: string },
): WeirError {
  return new WeirError('WEIR5023', {
    what: name === undefined ? `cannot choose documents in ${place}` : `${place} has no documents named ${name}`,
    why:
      names === null
        ? 'there is no such folder'
        : names.length === 0
          ? `it holds no file *.${target}.yaml`
          : `it holds those of ${names.slice(0, 10).join(', ')}`,
    hint: (names ?? []).length === 0 ? 'run `weir rules convert` into that folder first' : choice,
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
