/** The type of one entry in the catalogue of errors. */
import type { ExitCode } from '../exit-codes.ts';

/** Who can fix it: the user, the administrator of the host, the child process that failed, or weir's own developers. */
export type ErrorKind = 'user' | 'host' | 'child' | 'bug';

/** One row of the catalogue: a short title, the usual exit code, and the paragraph that `weir help CODE` prints. */
export interface CatalogueEntry {
  readonly title: string;
  readonly exit: ExitCode;
  readonly kind: ErrorKind;
  readonly explain: string;
}
