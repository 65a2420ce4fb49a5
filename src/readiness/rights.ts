/** The checks of `weir check rights`. */
import type { FolderFact } from '../platform/facts/rights-facts.ts';
import { type Check, type CheckFinding, finding } from './check-finding.ts';

/** 1 MiB: with less free space, weir's few kilobytes may not fit. */
const LEAST_FREE_BYTES = 1_048_576;

const NEEDED = [
  ['NET_ADMIN', 'change firewall rules and look at connections'],
  ['SETUID', 'act as the account of an application in the proof'],
  ['SETGID', 'act as the group of an application in the proof'],
  ['SYS_ADMIN', 'enter other network namespaces (--netns)'],
] as const;

/** What the process may do, and where it may write. */
export const RIGHTS_CHECKS: readonly Check[] = [
  {
    about: 'rights of this process',
    why: 'switching takes the rights of a network administrator',
    async run(host) {
      const { uid, capabilities } = await host.facts.rights();
      // An ordinary user is no fault of the host; root without capabilities is one of its container.
      const missing = NEEDED.filter(([capability]) => !capabilities.has(capability));
      if (missing.length === 0) return [finding('ok', `uid ${uid} may do all that weir needs`, this.why)];
      if (uid !== 0)
        return [
          finding('warning', `uid ${uid} may look at a part of the host only`, this.why, {
            hint: 'run it with sudo to see the rest',
            evidence: `without CAP_${missing.map(([capability]) => capability).join(', CAP_')}`,
          }),
        ];
      return missing.map(([capability, use]): CheckFinding => {
        const result = capability === 'NET_ADMIN' ? 'error' : 'warning';
        return finding(result, `root here may not ${use}`, this.why, {
          hint: `give the container or unit CAP_${capability}`,
          evidence: `CAP_${capability} is not among the effective capabilities`,
        });
      });
    },
  },
  folderCheck('the state directory', 'stateDir', 'weir remembers here what is on, and why'),
  folderCheck('the run directory', 'runDir', 'off.sh, the way out when nothing else works, is written here'),
];

/** Nothing is written to find out: `check` must leave no trace. */
function folderCheck(about: string, which: 'stateDir' | 'runDir', why: string): Check {
  return {
    about,
    why,
    async run(host) {
      const folder = await host.facts.folder(host[which]);
      const { uid } = await host.facts.rights();
      return [judgeFolder(about, folder, why, uid)];
    },
  };
}

/** A folder that does not exist yet is fine where it could be made. */
function judgeFolder(about: string, folder: FolderFact, why: string, uid: number): CheckFinding {
  const { path, state, freeBytes } = folder;
  const hint = 'name another with --state-dir or --run-dir, or mend this one';
  switch (state) {
    case 'read-only':
      return finding('error', `${about} is on a read-only file system`, why, { hint, evidence: path });
    case 'not-a-folder':
      return finding('error', `${about} is a file`, why, { hint, evidence: path });
    case 'not-permitted':
      if (uid !== 0)
        return finding('skipped', `${about}: uid ${uid} may not write there`, why, {
          hint: 'run it with sudo',
          evidence: path,
        });
      return finding('error', `${about} cannot be written`, why, { hint, evidence: path });
    default:
      if (freeBytes < LEAST_FREE_BYTES)
        return finding('error', `${about} is on a full file system`, why, {
          hint: 'free some room: a switch that cannot be remembered is refused',
          evidence: `${path}: ${freeBytes} bytes free`,
        });
      return finding('ok', state === 'missing' ? `${about} can be made` : `${about} can be written`, why, {
        evidence: path,
      });
  }
}
