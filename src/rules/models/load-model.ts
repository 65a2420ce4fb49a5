/** Picks the model of a target and loads a document into it. */
import type { TargetName } from '../targets/target.ts';
import { readAerakiModel, readEnvoyDubboModel } from './attribute-list.ts';
import { DubboMeshModel } from './dubbo-mesh.ts';
import { readEnvoyModel } from './envoy.ts';
import { readIstioModel } from './istio.ts';
import { readMeshRule } from './mesh-rule.ts';
import type { TargetModel } from './target-model.ts';

/** A target's evaluator over a text, or why the target would not take the text. */
export type ModelLoading =
  | { readonly ok: true; readonly model: TargetModel }
  | { readonly ok: false; readonly reason: string };

/** Reads the documents of a target as the target does; `version` is one of the target's versions. */
export function loadTargetModel(target: TargetName, version: string, text: string): ModelLoading {
  if (target === 'dubbo-mesh') {
    const reading = readMeshRule(text);
    if (!reading.ok) return reading;
    return { ok: true, model: new DubboMeshModel(reading.rule, version === 'or-match' ? 'or' : 'and') };
  }
  try {
    if (target === 'envoy') return { ok: true, model: readEnvoyModel(text) };
    if (target === 'istio') return { ok: true, model: readIstioModel(text) };
    return { ok: true, model: target === 'aeraki' ? readAerakiModel(text) : readEnvoyDubboModel(text) };
  } catch (error) {
    return { ok: false, reason: (error as Error).message };
  }
}
