/** This machine as the host daemon sees it: the use cases of `weir on`, `off`, `status` and `sidecar upgrade`. */
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { localOverrides } from '../../interception/follow-fleet.ts';
import type { InterceptHost } from '../../interception/host.ts';
import { reportStatus } from '../../interception/report-status.ts';
import { readSituation } from '../../interception/situation.ts';
import { switchOff } from '../../interception/switch-off.ts';
import { switchOn } from '../../interception/switch-on.ts';
import type { ResolvedMeshConfig } from '../../mesh/mesh-config.ts';
import { sha256OfFile } from '../../platform/sha256-of-file.ts';
import { lastAttempt } from '../../sidecar/machine/upgrade-history.ts';
import type { SidecarPorts } from '../../sidecar/usecases/ports.ts';
import { readHistory } from '../../sidecar/usecases/read-history.ts';
import { sidecarStatuses } from '../../sidecar/usecases/sidecar-statuses.ts';
import { rollBackSidecar, upgradeSidecar } from '../../sidecar/usecases/upgrade-sidecar.ts';
import type { LocalHost } from '../host/ports.ts';
import type { ProcessorShare } from './processor-share.ts';
import { watchFolder } from './watch-folder.ts';

/** How long connections drain after a remote `off`, in ms: the standard of `weir off`. */
const DRAIN_MS = 15_000;
/** As `weir sidecar upgrade` waits by itself, in ms. */
const INIT_TIMEOUT_MS = 60_000;

/** The note of an upgrade in the history of its supervisor, before the name of the release. */
const NOTE = 'SidecarRelease/';

/** The parts of this machine. */
export interface LocalParts {
  readonly intercept: InterceptHost;
  readonly sidecars: SidecarPorts;
  readonly loadMesh: () => Promise<ResolvedMeshConfig>;
  /** Folders in which files change when somebody switches something on this host. */
  readonly watched: readonly string[];
  readonly share: ProcessorShare;
  readonly warn: (text: string) => void;
}

/** The real machine. */
export function localHost({ intercept, sidecars, loadMesh, watched, share, warn }: LocalParts): LocalHost {
  const never = new AbortController().signal;
  let offs = 0;
  return {
    async look() {
      const config = await loadMesh();
      const [{ result }, states] = await Promise.all([
        reportStatus(intercept, { config, apps: [] }),
        sidecarStatuses(sidecars, undefined),
      ]).finally(() => {
        if (offs === 0) share.take();
      });
      // The tool of the next switch waits for its input: a red button finds it started.
      const isAnyOn = result.apps.some(({ desired }) => desired === 'on');
      if (isAnyOn && result.backend !== null) await intercept.firewall(result.backend).standBy();
      // After the states: an application that is switched off here meanwhile would be off without an override, and the
      // daemon would switch it on again.
      const { apps: known } = await readSituation(intercept, 'remembered');
      const overrides = new Map(localOverrides(known).map((one) => [one.app, one]));
      return {
        apps: result.apps.map(({ name, state, reason, since }) => {
          const override = overrides.get(name);
          return {
            ...{ name, state, reason, since },
            override: override === undefined ? null : { since: override.since, reason: override.reason },
          };
        }),
        sidecars: states.result
          .filter(({ managed }) => managed)
          .map(({ name, state, version, last }) => ({
            ...{ name, state, version },
            brought:
              last?.outcome === 'settled' ? { version: last.to.version, binarySha256: last.to.binarySha256 } : null,
          })),
      };
    },
    async on(app) {
      const config = await loadMesh();
      const { warnings } = await switchOn(intercept, {
        ...{
          config,
          apps: [app],
          backend: 'auto',
          confirmMs: null,
          existing: 'keep',
          acceptedRisks: [],
          dryRun: false,
        },
        ...{ signal: never, report: () => {} },
      });
      for (const warning of warnings) warn(warning);
    },
    async off(app, reason, direct) {
      offs += 1;
      share.take();
      try {
        const { warnings } = await switchOff(intercept, {
          ...{ apps: [app], existing: 'drain', drainMs: DRAIN_MS, reason, origin: 'fleet', signal: never },
          countsDrained: false,
          readConfig: () =>
            loadMesh().catch((error: unknown) => {
              warn(`going on without mesh.yaml: ${messageOf(error)}`);
              return null;
            }),
          report: ({ step }) => {
            if (step !== 'direct') return;
            // Until the next look: what is left is for order, and applications of this machine want its processors.
            share.giveWay();
            direct();
          },
        });
        for (const warning of warnings) warn(warning);
      } finally {
        offs -= 1;
      }
    },
    async upgrade(sidecar, { binary, sha256, bootstrap }, release) {
      requireHash(await sha256OfFile(binary), { binary, sha256 });
      const flags = {
        ...{
          binary,
          bootstrap,
          dryRun: false,
          force: false,
          drainMs: null,
          initTimeoutMs: INIT_TIMEOUT_MS,
          wait: true,
        },
        ...{
          accept: [],
          check: null,
          bakeMs: null,
          bakeBytes: null,
          spreadMs: null,
          note: `${NOTE}${release}`,
        },
      };
      const report = await upgradeSidecar(sidecars, sidecar, flags, { progress: () => {}, warn });
      // The file may have been replaced between the look at it and the copy that runs.
      if (report?.outcome === 'settled' && report.to.binarySha256 !== null)
        requireHash(report.to.binarySha256, { binary, sha256 });
      if (report === null) throw new TypeError('an upgrade is waited for and has a report');
      return report.outcome;
    },
    async rollBack(sidecar, release) {
      const request = { now: false, note: `undo of SidecarRelease/${release}` };
      return (await rollBackSidecar(sidecars, sidecar, request, { progress: () => {}, warn })).outcome;
    },
    async lastUpgrade(sidecar) {
      const { entries, warnings } = await readHistory(sidecars, sidecar);
      // The last entry that can be read need not be the last one.
      if (warnings[0] !== undefined) throw new Error(warnings[0]);
      const last = lastAttempt(entries);
      if (last === null) return null;
      const { outcome, reason, at, note } = last;
      const release = note?.startsWith(NOTE) === true ? note.slice(NOTE.length) : null;
      return { release, outcome, reason, at, isGood: outcome === 'settled' || outcome === 'unchanged' };
    },
    watch(changed, signal) {
      // The daemon writes its own memory there.
      const isOurs = (name: string) => name.includes('fleet-host');
      for (const folder of watched) watchFolder(folder, changed, signal, isOurs);
    },
  };
}

function requireHash(found: string, { binary, sha256 }: { readonly binary: string; readonly sha256: string }): void {
  if (found === sha256) return;
  throw new WeirError('WEIR4003', {
    what: `${binary} is not the binary that the release means`,
    why: `its SHA-256 is ${found}, the release has ${sha256}`,
    hint: 'put the right file there, or apply the release with its SHA-256',
  });
}
