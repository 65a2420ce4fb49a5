/** An account to act as. */
export interface ActingAccount {
  readonly uid: number;
  /** Null keeps the group. */
  readonly gid: number | null;
}

let hasDroppedGroups = false;

/**
 * Does something under the effective ids of an account, and takes the own ones back. Only what happens before `act`
 * returns counts as the account's: a socket keeps the ids of the moment it was made, and netfilter looks at those
 * (nft_meta.c and xt_owner.c: `sk->sk_socket->file->f_cred`).
 * Throws what `act` throws, and `not allowed to ...` without the right to become that account.
 */
export function actAs<T>({ uid, gid }: ActingAccount, act: () => T): T {
  const own = { uid: process.geteuid?.(), gid: process.getegid?.() };
  const takesGroup = gid !== null && gid !== own.gid;
  const takesUser = uid !== own.uid;
  if ((takesGroup || takesUser) && !hasDroppedGroups) {
    attempt('drop the supplementary groups', () => process.setgroups?.([]));
    hasDroppedGroups = true;
  }
  try {
    // The group first, because only root may take one; on the way back the user, for the same reason.
    if (takesGroup) attempt(`act as group ${gid}`, () => process.setegid?.(gid));
    if (takesUser) attempt(`act as user ${uid}`, () => process.seteuid?.(uid));
    return act();
  } finally {
    if (own.uid !== undefined && process.geteuid?.() !== own.uid) process.seteuid?.(own.uid);
    if (own.gid !== undefined && process.getegid?.() !== own.gid) process.setegid?.(own.gid);
  }
}

/** Does what may be forbidden; throws one line that says what, with the system's reason. */
export function attempt(what: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw new Error(`not allowed to ${what}: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
}
