/** The processes that a selector means. */
import type { ResolvedSelector } from '../rules/policy.ts';
import type { ProcessAccount, ProcessFact, WantedProcesses } from './ports.ts';

/** Whether the connections of a process are those of the selector; never for `all`, which means no processes. */
export function isProcessOf(select: ResolvedSelector, { uid, gid, cgroup }: ProcessFact): boolean {
  switch (select.kind) {
    case 'users':
      return select.uids.includes(uid);
    case 'group':
      return gid === select.gid;
    case 'slice':
      return isInSlice(cgroup, select.path);
    case 'all':
      return false;
  }
}

/** What to look for among the processes of the host; with `supplementary`, also who has a group beside the primary one. */
export function wantedProcesses(selectors: readonly ResolvedSelector[], supplementary: boolean): WantedProcesses {
  const uids = new Set(selectors.flatMap((select) => (select.kind === 'users' ? select.uids : [])));
  const gids = new Set(selectors.flatMap((select) => (select.kind === 'group' ? [select.gid] : [])));
  const slices = selectors.flatMap((select) => (select.kind === 'slice' ? [select.path] : []));
  const isAccount = ({ uid, gid, groups }: ProcessAccount): boolean =>
    uids.has(uid) || gids.has(gid) || (supplementary && groups.some((group) => gids.has(group)));
  return {
    needsCgroup: slices.length > 0,
    has: (account, cgroup) => isAccount(account) || slices.some((path) => isInSlice(cgroup, path)),
  };
}

function isInSlice(cgroup: string | null, path: string): boolean {
  return cgroup === path || cgroup?.startsWith(`${path}/`) === true;
}
