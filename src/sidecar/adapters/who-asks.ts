/** The account that runs this command, for the history of a sidecar. */
import { userInfo } from 'node:os';

/** The account's name, followed by the account that used sudo in brackets; its number where no passwd file knows it. */
export function whoAsks(env: NodeJS.ProcessEnv = process.env): string {
  const account = accountName();
  const sudo = env.SUDO_USER;
  return sudo === undefined || sudo === '' || sudo === account ? account : `${account} (${sudo})`;
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}
