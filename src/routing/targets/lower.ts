import { lowerDubboMesh } from './dubbo-mesh.ts';
import type { LoweredPlan, LoweringInput, TargetName } from './target.ts';

/** Writes a plan in the language of a target. */
export function lowerPlan(target: TargetName, input: LoweringInput): LoweredPlan {
  if (target === 'dubbo-mesh') return lowerDubboMesh(input);
  throw new TypeError(`no lowering for ${target}`);
}
