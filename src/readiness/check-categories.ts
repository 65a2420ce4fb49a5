/** The table of check categories. */
import { BACKEND_CHECKS } from './backend.ts';
import { CGROUP_CHECKS } from './cgroup.ts';
import type { Check } from './check-finding.ts';
import { CLOCK_CHECKS } from './clock.ts';
import { CONNTRACK_CHECKS } from './conntrack.ts';
import { DISCOVERY_CHECKS } from './discovery.ts';
import { FOREIGN_CHECKS } from './foreign.ts';
import { KERNEL_CHECKS } from './kernel.ts';
import { LEFTOVER_CHECKS } from './leftovers.ts';
import { RIGHTS_CHECKS } from './rights.ts';
import { RULES_CHECKS } from './rules.ts';
import { SIDECAR_CHECKS } from './sidecar.ts';
import { SSH_CHECKS } from './ssh.ts';
import { TOOL_CHECKS } from './tools.ts';
import { TRAFFIC_CHECKS } from './traffic.ts';

/** The categories of `weir check`, in the order in which they are run and shown. */
export const CHECK_CATEGORIES = {
  kernel: KERNEL_CHECKS,
  tools: TOOL_CHECKS,
  rights: RIGHTS_CHECKS,
  backend: BACKEND_CHECKS,
  foreign: FOREIGN_CHECKS,
  conntrack: CONNTRACK_CHECKS,
  ssh: SSH_CHECKS,
  cgroup: CGROUP_CHECKS,
  sidecar: SIDECAR_CHECKS,
  traffic: TRAFFIC_CHECKS,
  leftovers: LEFTOVER_CHECKS,
  clock: CLOCK_CHECKS,
  rules: RULES_CHECKS,
  discovery: DISCOVERY_CHECKS,
} as const satisfies Record<string, readonly Check[]>;

/** One of the categories. */
export type CheckCategoryName = keyof typeof CHECK_CATEGORIES;

/** Their names in order. */
export const CHECK_CATEGORY_NAMES = Object.keys(CHECK_CATEGORIES) as CheckCategoryName[];

/** Whether a word is the name of a category. */
export function isCheckCategory(word: string): word is CheckCategoryName {
  return Object.hasOwn(CHECK_CATEGORIES, word);
}
