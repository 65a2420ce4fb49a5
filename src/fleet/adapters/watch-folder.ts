/** Changes in a folder, told as they come where the system tells them. */
import { type FSWatcher, watch } from 'node:fs';

/** Calls back at every change until the signal aborts. A folder that cannot be watched is looked at by the clock. */
export function watchFolder(
  folder: string,
  changed: () => void,
  signal: AbortSignal,
  isOurs: (name: string) => boolean = () => false,
): void {
  let watcher: FSWatcher;
  try {
    watcher = watch(folder, { signal, persistent: false });
  } catch {
    return;
  }
  watcher.on('change', (_type, name) => {
    if (typeof name === 'string' && isOurs(name)) return;
    changed();
  });
  watcher.on('error', () => watcher.close());
}
