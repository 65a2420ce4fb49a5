/** The head of an ELF file: whether it is a whole program for this machine. Pure. Source: elf(5). */

/** The bytes that `judgeElf` needs, from the beginning of a file. */
export const ELF_HEAD_BYTES = 8192;

/** `e_machine` by the name that Node gives an architecture. */
const MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183, s390x: 22, ppc64: 21, riscv64: 243 };
const NAMES: Readonly<Record<number, string>> = {
  3: '32-bit x86',
  22: 's390x',
  40: '32-bit ARM',
  62: 'x86-64',
  183: 'ARM64',
  243: 'RISC-V',
};

/** Why a file cannot be a program for `arch` (as `process.arch`); null when its head is that of a whole one. */
export function judgeElf(head: Buffer, size: number, arch: string): string | null {
  if (size === 0) return 'it is empty';
  if (head.subarray(0, 2).toString('latin1') === '#!') return 'it is a script, and another program would run';
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46) return 'it is no ELF program';
  const wanted = MACHINES[arch];
  const machine = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18);
  if (wanted !== undefined && machine !== wanted) {
    return `it is a program for ${NAMES[machine] ?? `machine ${machine}`}, and this machine is ${NAMES[wanted]}`;
  }
  if (head[4] !== 2 || head[5] !== 1) return 'it is no 64-bit little-endian program';
  const type = head.readUInt16LE(16);
  if (type !== 2 && type !== 3) return 'it is no executable ELF file';
  const end = lastByte(head);
  return end > size ? `it is incomplete: ${size} bytes of at least ${end}` : null;
}

/** The end of the farthest part that the head names. */
function lastByte(head: Buffer): number {
  const sections = Number(head.readBigUInt64LE(40)) + head.readUInt16LE(58) * head.readUInt16LE(60);
  const [first, entrySize, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
  let end = sections;
  for (let index = 0; index < count; index++) {
    const at = first + index * entrySize;
    if (entrySize < 56 || at + 56 > head.length) break;
    end = Math.max(end, Number(head.readBigUInt64LE(at + 8)) + Number(head.readBigUInt64LE(at + 32)));
  }
  return end;
}
