import type { CatalogueEntry } from './entry.ts';

/** weir's own bugs. Codes WEIR90xx. */
export const BUG_ERRORS = {
  WEIR9001: {
    title: 'a bug of weir',
    exit: 70,
    kind: 'bug',
    explain:
      'weir met a state that its authors thought impossible. A report file with the stack trace, the command line and the versions was written; its path is in the hint. It holds no file contents and no environment variables.',
  },
} as const satisfies Record<`WEIR90${number}`, CatalogueEntry>;
