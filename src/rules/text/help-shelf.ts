/** Pages of `weir help` about diagnostics of routing rules. */
import type { HelpShelf } from '../../cli/help-topics.ts';

/** The topic `diagnostics`, and each diagnostic by its code in any case: `WR012`. */
export const diagnosticTopics: HelpShelf = {
  names: ['diagnostics'],
  async find(name) {
    const code = name.toUpperCase();
    if (name !== 'diagnostics' && !/^WR\d/.test(code)) return undefined;
    const { diagnosticHelp, diagnosticsHelp } = await import('./diagnostic-help.ts');
    if (name === 'diagnostics') return { name, text: diagnosticsHelp() };
    const text = diagnosticHelp(code);
    return text === undefined ? undefined : { name: code, text };
  },
};
