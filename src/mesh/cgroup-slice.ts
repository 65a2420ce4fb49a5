/** The cgroup of a slice selector. */
import { quoteValue, type ReadValue, refuseValue } from './yaml/field-value.ts';

/** Names joined by `/`, of the characters that systemd and container runtimes use for cgroups. */
export const CGROUP_SLICE_PATTERN = '^[A-Za-z0-9_:.@\\\\+-]+(/[A-Za-z0-9_:.@\\\\+-]+)*$';

const SLICE = new RegExp(CGROUP_SLICE_PATTERN, 'u');
const LONGEST_PATH = 1_024;
const HINT = 'write the path below /sys/fs/cgroup, such as payment.slice or shop.slice/shop-payment.slice';

/** The path of a cgroup (v2) below its mount point: no leading slash, no `.` or `..`. */
export function readCgroupSlice(value: unknown): ReadValue<string> {
  const refuse = (why: string, hint = HINT) =>
    refuseValue(`${quoteValue(value)} is not the path of a slice`, why, hint);
  if (typeof value !== 'string') return refuse('it is not a text');
  const relative = value.replace(/^\/sys\/fs\/cgroup(?=\/)/, '').replace(/^\/+|\/+$/g, '');
  if (value.startsWith('/'))
    return refuse('the path begins at the cgroup mount point, without a slash', `write ${quoteValue(relative)}`);
  if (value.length > LONGEST_PATH) return refuse(`a path has at most ${LONGEST_PATH} characters`);
  if (value.split('/').some((part) => part === '.' || part === '..'))
    return refuse('. and .. are not names of cgroups');
  if (value.split('/').includes('')) return refuse('a part between two slashes is empty');
  if (!SLICE.test(value)) return refuse('a cgroup name has letters, digits and _ : . @ \\ + - only');
  return { value };
}
