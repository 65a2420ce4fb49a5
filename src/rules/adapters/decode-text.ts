/** Bytes to text, with the place of the first byte that does not belong to the encoding. */
import { isUtf8 } from 'node:buffer';
import { WeirError } from '../../errors/weir-error.ts';

/**
 * The text of a file in an encoding (a label of the WHATWG standard, `gbk`, `utf-16le`; UTF-8 if omitted).
 * @throws WeirError WEIR5020 with line, column and offset of the first bad byte, WEIR5027 for an encoding that is none.
 */
export function decodeText(bytes: Buffer, path: string, encoding = 'utf-8'): string {
  // A decoder is dear: the usual encoding needs none.
  const decoder = encoding === 'utf-8' ? null : decoderOf(encoding);
  if (decoder === null || decoder.encoding === 'utf-8') {
    if (isUtf8(bytes)) return bytes.toString('utf8');
    throw misplaced(bytes, path, encoding, firstBadByte(bytes));
  }
  try {
    // The mark of byte order is kept, as it is in UTF-8: what it means for a script is for the reader to say.
    return decoder.decode(bytes);
  } catch {
    throw misplaced(bytes, path, encoding, null);
  }
}

function decoderOf(encoding: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  } catch {
    throw new WeirError('WEIR5027', {
      what: `--encoding got ${JSON.stringify(encoding)}`,
      why: 'no decoder has that name',
      hint: 'name one of the WHATWG encodings: utf-8, gbk, gb18030, big5, shift_jis, utf-16le',
    });
  }
}

// The longest prefix that is UTF-8, found by halving: a cut character counts as its first byte.
function firstBadByte(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 8) {
    const middle = (good + bad) >> 1;
    if (startsAsUtf8(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  let end = good;
  while (end < bad && startsAsUtf8(bytes.subarray(0, end + 1))) end += 1;
  while (end > 0 && !isUtf8(bytes.subarray(0, end))) end -= 1;
  return Math.min(end, bytes.length - 1);
}

function startsAsUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function misplaced(bytes: Buffer, path: string, encoding: string, offset: number | null): WeirError {
  const before = offset === null ? Buffer.alloc(0) : bytes.subarray(0, offset);
  const start = before.lastIndexOf(0x0a) + 1;
  let line = 1;
  for (const byte of before) if (byte === 0x0a) line += 1;
  const column = before.subarray(start).toString('utf8').length + 1;
  const byte = offset === null ? '' : ` at byte ${offset} (0x${(bytes[offset] ?? 0).toString(16).padStart(2, '0')})`;
  const marked = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const guess = marked ? 'utf-16le' : 'gbk';
  return new WeirError('WEIR5020', {
    what: `${path} cannot be read`,
    why: `it is not ${encoding.toUpperCase()} text${byte}`,
    hint: `if it is ${guess.toUpperCase()}, give --encoding ${guess}, or convert it: iconv -f ${guess} -t utf-8`,
    location: { file: path, line, column },
  });
}
