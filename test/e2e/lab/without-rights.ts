/** Root without what makes it root. */

/**
 * The words before a command that take every capability from it. It keeps its account: files of root stay readable, in a
 * clone that nobody else may enter too. A user namespace would do the same, but none can be made in a chroot.
 */
export const WITHOUT_RIGHTS: readonly string[] = ['setpriv', '--inh-caps=-all', '--bounding-set=-all', '--'];
