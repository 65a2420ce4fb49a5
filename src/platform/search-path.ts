/** The search path for tools. */

// Tools live in sbin, which is not in the PATH of a non-login shell.
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** PATH with the folders of system tools at its end. */
export function searchPath(): string {
  const folders = (process.env.PATH ?? '/usr/bin:/bin').split(':');
  return [...folders, ...SYSTEM_FOLDERS.filter((folder) => !folders.includes(folder))].join(':');
}
