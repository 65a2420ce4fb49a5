/** The checks of `weir check cgroup`. */
import { selectedSlice } from '../mesh/selector-kinds.ts';
import { type Check, finding } from './check-finding.ts';

/** The only place where nft looks for a cgroup's path (nftables src/datatype.c). */
const NFT_MOUNT = '/sys/fs/cgroup';

/** Whether slices can be matched. */
export const CGROUP_CHECKS: readonly Check[] = [
  {
    about: 'the cgroup v2 hierarchy',
    why: 'an application that is selected by its slice is found by its cgroup v2 path',
    async run(host) {
      const mounts = await host.facts.cgroupMounts();
      // Hybrid hosts, with v1 controllers in use, have v2 at .../unified.
      const [first] = mounts;
      if (mounts.includes(NFT_MOUNT)) return [finding('ok', `cgroup v2 is mounted at ${NFT_MOUNT}`, this.why)];
      if (first === undefined)
        return [
          finding('warning', 'no cgroup v2 hierarchy is mounted: slices cannot be selected', this.why, {
            hint: 'select applications by user or group, or boot with systemd.unified_cgroup_hierarchy=1',
          }),
        ];
      return [
        finding('ok', `cgroup v2 is mounted at ${first}`, this.why, {
          evidence: `nft looks below ${NFT_MOUNT} only: weir mounts it there for nft alone`,
        }),
      ];
    },
  },
  {
    about: 'slices of mesh.yaml',
    why: 'the kernel matches a cgroup that exists when the rules are made',
    async run(host) {
      if (host.config.state !== 'good') return [];
      const selected = [...host.config.mesh.apps.values()].flatMap(({ name, select }) => {
        const slice = selectedSlice(select);
        return slice === null ? [] : [{ name, slice }];
      });
      return Promise.all(
        selected.map(async ({ name, slice }) => {
          const { exists, mount } = await host.intercept.slices.slice(slice);
          if (exists) return finding('ok', `${name}: ${slice} exists`, this.why, { evidence: mount });
          return finding('error', `${name}: there is no ${slice}`, this.why, {
            hint: `start it (\`systemctl start ${slice.split('/')[0]}\`), or select ${name} by user`,
            evidence: mount,
          });
        }),
      );
    },
  },
];
