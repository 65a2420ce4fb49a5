/** Pages of `weir help` about traps of SidecarSets. */
import type { HelpShelf } from '../../cli/help-topics.ts';

/** Each trap by its code in any case: `WF001`. */
export const trapTopics: HelpShelf = {
  names: [],
  async find(name) {
    const code = name.toUpperCase();
    if (!/^WF\d/.test(code)) return undefined;
    const { TRAPS } = await import('../model/kruise/traps.ts');
    const trap = Object.hasOwn(TRAPS, code) ? TRAPS[code as keyof typeof TRAPS] : undefined;
    if (trap === undefined) return undefined;
    return { name: code, text: `${code}: ${trap.title} (${trap.severity})\n\n${trap.why}\n\nInstead: ${trap.hint}\n` };
  },
};
