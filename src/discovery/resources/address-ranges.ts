/** Sets of IP addresses as few ranges: what Envoy gets for a thousand neighbours is a line, not a thousand. */

/** A range as Envoy reads it (xds.core.v3.CidrRange). */
export interface AddressRange {
  readonly address_prefix: string;
  readonly prefix_len: number;
}

/** Exactly the given addresses, IPv4 ones merged into aligned ranges; sorted, whatever order they come in. */
export function addressRanges(addresses: Iterable<string>): readonly AddressRange[] {
  const ipv4: number[] = [];
  const ipv6: string[] = [];
  for (const address of new Set(addresses)) {
    if (address.includes(':')) ipv6.push(address);
    else ipv4.push(ipv4Number(address));
  }
  ipv4.sort((a, b) => a - b);
  const ranges: AddressRange[] = [];
  for (let at = 0; at < ipv4.length; ) {
    const first = ipv4[at] ?? 0;
    let size = 1;
    // Doubled while it stays aligned and the whole other half is there too.
    while (first % (size * 2) === 0 && ipv4[at + size * 2 - 1] === first + size * 2 - 1) size *= 2;
    ranges.push({ address_prefix: ipv4Text(first), prefix_len: 32 - Math.log2(size) });
    at += size;
  }
  return [...ranges, ...ipv6.toSorted().map((address) => ({ address_prefix: address, prefix_len: 128 }))];
}

function ipv4Number(address: string): number {
  let value = 0;
  for (const part of address.split('.')) value = value * 256 + Number(part);
  return value;
}

function ipv4Text(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
