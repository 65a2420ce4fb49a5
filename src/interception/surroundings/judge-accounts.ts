/** Hazards of accounts: whose sockets are meant, and whose they are. */

import type { Hazard, Judgement, Unseen } from './hazard.ts';
import type { AppInQuestion, HazardFacts } from './hazard-facts.ts';
import { isProcessOf } from './meant-processes.ts';
import type { ProcessAccount, ProcessFact } from './ports.ts';

/** As many processes as a reader still looks at. */
const MOST_PIDS = 5;

/** Everything about the accounts of one application and its sidecar. */
export function judgeAccounts(app: AppInQuestion, facts: HazardFacts): Judgement {
  const parts = [judgeSidecarAccount(app, facts), judgeProcesses(app, facts), judgeUserNamespace(facts)];
  return { hazards: parts.flatMap(({ hazards }) => hazards), unseen: parts.flatMap(({ unseen }) => unseen) };
}

/** The real account of the listener. When it is not excluded, its connections are redirected to itself without end. */
function judgeSidecarAccount(app: AppInQuestion, { listeners, accounts, guard }: HazardFacts): Judgement {
  const hazards: Hazard[] = [];
  const unseen: Unseen[] = [];
  for (const port of new Set(app.directed.map((one) => one.port))) {
    const sockets = listeners.filter(({ local }) => local.port === port);
    const holders = sockets.flatMap(({ processes }) => processes.flatMap(({ pid }) => accounts.get(pid) ?? []));
    const isGuarded = ({ uid, gid }: ProcessAccount): boolean => guard.uids.includes(uid) || guard.gids.includes(gid);
    if (holders.some(isGuarded)) continue;
    // The process may be hidden; the socket still shows its owner, but not its group.
    const owner = sockets.find(({ uid }) => !guard.uids.includes(uid));
    if (sockets.length === 0 || (holders.length === 0 && owner === undefined)) continue;
    if (holders.length === 0 && guard.gids.length > 0) {
      unseen.push({
        about: `the account of the sidecar at port ${port}`,
        why: 'no process that holds its listener is seen from here',
      });
      continue;
    }
    const process = sockets.flatMap(({ processes }) => processes)[0];
    const real = holders[0] === undefined ? `uid ${owner?.uid}` : accountText(holders[0], guard.gids);
    hazards.push({
      id: 'sidecar-account',
      severity: 'refuse',
      what: `the sidecar at port ${port} runs as ${real}${process === undefined ? '' : ` (${process.name}, pid ${process.pid})`}, mesh.yaml says ${guardText(guard)}`,
      why: 'weir leaves alone the account that mesh.yaml names, and diverts this one: what the sidecar sends would come back to it, in a circle',
      hint: `set its \`user:\` in mesh.yaml to the account it runs as${holders[0] === undefined ? '' : `, ${holders[0].uid}`}`,
    });
  }
  return { hazards, unseen };
}

function accountText({ uid, gid, groups }: ProcessAccount, wanted: readonly number[]): string {
  const only = groups.find((group) => wanted.includes(group));
  const supplementary =
    only === undefined ? '' : ` with ${only} as a supplementary group only, which no rule can match`;
  return `uid ${uid}, gid ${gid}${supplementary}`;
}

function guardText({ uids, gids }: HazardFacts['guard']): string {
  return [...uids.map((uid) => `uid ${uid}`), ...gids.map((gid) => `gid ${gid}`)].join(', ') || 'nothing about it';
}

/** Whether the processes that the application is made of are in this namespace, and under the account that is matched. */
function judgeProcesses(app: AppInQuestion, { processes }: HazardFacts): Judgement {
  const { select } = app;
  if (select.kind === 'all') return NOTHING;
  if ('unseen' in processes)
    return { hazards: [], unseen: [{ about: 'processes of applications', why: processes.unseen }] };
  const isMatched = (process: ProcessFact): boolean => isProcessOf(select, process);
  const matched = processes.seen.filter(isMatched);
  const here = matched.filter(({ isHere }) => isHere === true);
  const hazards: Hazard[] = [];
  const unseen: Unseen[] = [];
  if (here.length === 0 && matched.some(({ isHere }) => isHere === null))
    unseen.push({
      about: 'the network namespace of its processes',
      why: `${pidsText(matched)}: not readable from here`,
    });
  else if (here.length === 0 && matched.length > 0)
    hazards.push({
      id: 'no-process',
      severity: 'warn',
      what: `no process of it is in this network namespace: ${pidsText(matched)} elsewhere`,
      why: 'rules divert connections of this namespace alone: those processes go direct',
      hint: `work where they are: --netns ${matched[0]?.pid}`,
    });
  if (select.kind === 'group') {
    const supplementary = processes.seen.filter(
      (one) => one.isHere !== false && !isMatched(one) && one.groups.includes(select.gid),
    );
    if (supplementary.length > 0)
      hazards.push({
        id: 'supplementary-group',
        severity: here.length === 0 ? 'refuse' : 'warn',
        what: `${pidsText(supplementary)} ${supplementary.length === 1 ? 'has' : 'have'} gid ${select.gid} as a supplementary group only`,
        why: 'the kernel knows a connection by the primary group of its process: theirs go direct',
        hint: `select by user (uid ${supplementary[0]?.uid}), or start them with ${select.gid} as their primary group (Group= of systemd)`,
      });
  }
  return { hazards, unseen };
}

/** Processes as a reader looks for them. */
export function pidsText(processes: readonly { readonly pid: number; readonly name: string }[]): string {
  const shown = processes.slice(0, MOST_PIDS).map(({ pid, name }) => `${pid} (${name})`);
  const more = processes.length - shown.length;
  return `pid ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function judgeUserNamespace({ userNamespace }: HazardFacts): Judgement {
  if ('unseen' in userNamespace)
    return {
      hazards: [],
      unseen: [{ about: 'the user namespace of this network namespace', why: userNamespace.unseen }],
    };
  if (userNamespace.seen === null) return NOTHING;
  const { id, pid } = userNamespace.seen;
  return {
    unseen: [],
    hazards: [
      {
        id: 'user-namespace',
        severity: 'refuse',
        what: `this network namespace belongs to another user namespace (user:[${id}])`,
        why: 'an account has another number inside that namespace, and the kernel translates: a rule that is made outside means another account there, or none',
        hint: `run weir inside: \`nsenter -t ${pid ?? 'PID'} -U -n weir ...\`, with mesh.yaml in the numbers of that namespace`,
      },
    ],
  };
}

const NOTHING: Judgement = { hazards: [], unseen: [] };
