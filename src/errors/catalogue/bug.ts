/** The error codes for bugs of weir. */
import type { CatalogueEntry } from './entry.ts';

/** weir's own bugs. Codes WEIR90xx. */
export const BUG_ERRORS = {
  WEIR9001: {
    title: 'a bug in weir',
    exit: 70,
    kind: 'bug',
    explain:
      'This is a bug in weir, not a fault of the host or of the input. A report file with the stack trace, the command line and the versions was written; its path is in the hint. It holds no file contents and no environment variables.',
  },
} as const satisfies Record<`WEIR90${number}`, CatalogueEntry>;
