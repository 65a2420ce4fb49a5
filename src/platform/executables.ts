/** A look at the execute permission of a file. */
import { accessSync, constants } from 'node:fs';

/** Whether a file is there and may be executed by this process. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
