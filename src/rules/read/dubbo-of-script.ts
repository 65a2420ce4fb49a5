/** Which Dubbo runs a script. */
import type { DubboOfScript } from '../groovy/machine/machine-core.ts';
import type { RouterEngine } from './router-behaviour.ts';
import type { RuleSource } from './rule-source.ts';

/** The Dubbo that runs a script; undefined where more than one may. */
export function dubboOfScript({ form }: RuleSource, engine?: RouterEngine): DubboOfScript | undefined {
  if (form === 'script-url' || engine === '2.7') return '2.x';
  return form === 'script-yaml' || engine !== undefined ? '3.x' : undefined;
}
