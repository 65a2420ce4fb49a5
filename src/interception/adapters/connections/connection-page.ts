/** The connection table of a host with few connections, without a program. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const TABLE = '/proc/self/net/nf_conntrack';
const COUNT = '/proc/sys/net/netfilter/nf_conntrack_count';

/** The kernel writes /proc a page at a time. */
const PAGE_BYTES = 4096;
/** More than one line takes; with that much room left in the page, no further line was kept back. */
const LONGEST_LINE_BYTES = 1024;
/** A table with more entries takes the kernel longer to write, page by page, than conntrack to list. */
const FEW = 256;

/**
 * The whole connection table of this network namespace as text, when it fits into one page; null when it does not, or is
 * not shown (CONFIG_NF_CONNTRACK_PROCFS, no right). The kernel finds its place for a second page by counting, so a
 * connection that ends meanwhile hides another one; longer tables are conntrack's.
 */
export function readConnectionPage(path = TABLE): string | null {
  try {
    const file = openSync(path, 'r');
    try {
      const page = Buffer.alloc(PAGE_BYTES);
      const length = readSync(file, page);
      return length > PAGE_BYTES - LONGEST_LINE_BYTES ? null : page.toString('utf8', 0, length);
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

/**
 * The connection table as text when it has few entries, at once; null when it has many, or is not shown. One that ends
 * during the reading may hide another one: for a count that looks again, not for what only this reading decides.
 */
export function readFewConnections(table = TABLE, count = COUNT): string | null {
  try {
    return Number(readFileSync(count, 'utf8')) <= FEW ? readFileSync(table, 'utf8') : null;
  } catch {
    return null;
  }
}
