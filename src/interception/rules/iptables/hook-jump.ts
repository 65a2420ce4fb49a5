/** The jumps from built-in iptables chains into chains of weir. */
import type { Hook } from '../ruleset.ts';
import { formatTag } from '../tag.ts';
import { quoteIptablesWord } from './quote.ts';

/** The built-in chain that a hook stands for: `OUTPUT`. */
export function builtInChain(hook: Hook): string {
  return hook.at.toUpperCase();
}

/** The hook that a built-in chain of the nat table stands for, null for INPUT and chains of others. */
export function hookOfBuiltIn(chain: string): Hook['at'] | null {
  const place = chain.toLowerCase();
  return chain === place.toUpperCase() && (place === 'output' || place === 'prerouting' || place === 'postrouting')
    ? place
    : null;
}

/**
 * The jump that enters a chain of weir from a built-in chain, without `-A CHAIN`. Its tag names no application and no
 * hash: it stays the same whatever the chain holds, so it can be removed by its text alone.
 */
export function printIptablesJump(chain: string): string {
  const tag = formatTag({ app: null, hash: null, by: null });
  return `-m comment --comment ${quoteIptablesWord(tag)} -j ${chain}`;
}
