/** The result of `weir fleet explain` as text. */
import type { Paint } from '../../cli/paint.ts';
import { humanDuration } from '../../platform/duration.ts';
import type { Explained } from '../usecases/explain-fleet.ts';
import type { DecidedBy, ExplainedHost } from '../usecases/explained.ts';

/** Of more hosts those that are well are counted. */
const MANY = 10;

/** Each application of each host in a sentence, then the next step. */
export function explainedText(explained: Explained, paint: Paint): string {
  const hosts = 'hosts' in explained ? explained.hosts : [{ name: explained.subject.name, ...explained }];
  const good = hosts.length > MANY ? hosts.filter(({ state }) => state === 'ok') : [];
  const lines = [
    ...hosts.filter((host) => !good.includes(host)).flatMap((host) => hostLines(host, paint)),
    ...(good.length === 0 ? [] : goodLines(good, hosts.length, paint)),
  ];
  return explained.next === null ? lines.join('\n') : [...lines, '', `next: ${explained.next}`].join('\n');
}

/** Hosts that are well, by what runs on them. */
function goodLines(good: readonly ExplainedHost[], all: number, paint: Paint): string[] {
  const running = Map.groupBy(
    good.flatMap(({ sidecars }) => sidecars),
    ({ name, state, version, release }) => {
      return `sidecar ${name}: ${state} ${version ?? '?'}${release === null ? '' : `, release ${release}`}`;
    },
  );
  return [
    `${paint.good(`${good.length} of ${all} hosts`)} are ok; \`weir fleet explain HOST\` shows one`,
    ...[...running].map(([what, own]) => `  ${what} on ${own.length}`),
  ];
}

function hostLines({ name, region, state, reason, ageMs, apps, ...host }: ExplainedHost, paint: Paint): string[] {
  const age = ageMs === null ? '' : `, last word ${humanDuration(ageMs)} ago`;
  const mark = state === 'ok' ? paint.good(state) : paint.bad(state);
  return [
    `${paint.strong(name)} (${region}${age}): ${mark}${reason === null ? '' : `: ${reason}`}`,
    ...apps.map((app) => {
      const why = app.reason === null ? '' : ` (${app.reason})`;
      return `  ${app.name}: wanted ${app.desired ?? 'nothing'}, is ${app.state}${why}; ${decidedText(app.decidedBy)}`;
    }),
    ...host.sidecars.map((one) => {
      const release = one.release === null ? '' : `, release ${one.release} wave ${one.wave ?? '-'}`;
      return `  sidecar ${one.name}: ${one.state} ${one.version ?? ''}${release}${one.error === null ? '' : `: ${one.error}`}`;
    }),
    ...host.rollouts.map(({ release, state: how, wave, ownWave, reason: why }) => {
      const stop = why === null ? '' : `: ${why}`;
      return `  rollout ${release}: ${how} at wave ${wave}${ownWave === null ? '' : `, this one is in wave ${ownWave}`}${stop}`;
    }),
    ...host.errors.map(({ object, message }) => `  ${paint.bad('!')} ${object}: ${message}`),
  ];
}

function decidedText({ kind, name, rule, by, reason }: DecidedBy): string {
  const why = reason === null ? '' : `: ${reason}`;
  switch (kind) {
    case 'override':
      return `decided there by ${by}${why}`;
    case 'policy':
      return `decided by MeshPolicy/${name} rule ${(rule ?? 0) + 1}${by === null ? '' : `, written by ${by}`}${why}`;
    case 'held':
      return `decided by what the host remembers${why}`;
    case 'none':
      return 'no policy speaks of it';
    default:
      return kind satisfies never;
  }
}
