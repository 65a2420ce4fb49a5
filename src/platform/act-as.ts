/** An account to act as. */
export interface ActingAccount {
  readonly uid: number;
  /** Null keeps the group. */
  readonly gid: number | null;
}

let hasDroppedGroups = false;

/**
 * Runs `act` under the effective ids of an account and restores the own ids afterwards. Only what `act` does before it
 * returns counts as the account's. A socket keeps the ids of the moment it was made, and netfilter looks at those
 * (nft_meta.c and xt_owner.c: `sk->sk_socket->file->f_cred`). Throws what `act` throws, and `not allowed to ...`
 * without the right to become that account.
 */
export function actAs<T>({ uid, gid }: ActingAccount, act: () => T): T {
  const own = { uid: process.geteuid?.(), gid: process.getegid?.() };
  const takesGroup = gid !== null && gid !== own.gid;
  const takesUser = uid !== own.uid;
  if ((takesGroup || takesUser) && !hasDroppedGroups) {
    actIfAllowed('drop the supplementary groups', () => process.setgroups?.([]));
    hasDroppedGroups = true;
  }
  try {
    // The group is set first, because only root may set one. The restore sets the user first, for the same reason.
    if (takesGroup) actIfAllowed(`act as group ${gid}`, () => process.setegid?.(gid));
    if (takesUser) actIfAllowed(`act as user ${uid}`, () => process.seteuid?.(uid));
    return act();
  } finally {
    if (own.uid !== undefined && process.geteuid?.() !== own.uid) process.seteuid?.(own.uid);
    if (own.gid !== undefined && process.getegid?.() !== own.gid) process.setegid?.(own.gid);
  }
}

/** Does what may be forbidden; throws one line that says what, with the system's reason. */
export function actIfAllowed(what: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw new Error(`not allowed to ${what}: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
}
