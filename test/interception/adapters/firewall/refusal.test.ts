/** Errors from the output of a tool that refused. The texts are those of nft 1.0.6 and iptables 1.8.9. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listingFailed, rulesRefused, saysMissing } from '../../../../src/interception/adapters/firewall/refusal.ts';

const refusedBy = (stderr: string, hint?: string) =>
  rulesRefused({ argv: ['nft', '-f', '-'], result: { stderr, exitCode: 1 } }, hint);

const FIB = [
  '/dev/stdin:3:55-69: Error: Could not process rule: No such file or directory',
  'add rule inet weir out fib daddr type local return',
  '                       ^^^^^^^^^^^^^^^',
  '',
].join('\n');

describe('a refused transaction', () => {
  it('holds what the tool said, and the command', () => {
    const error = refusedBy('Error: syntax error, unexpected junk\n');
    assert.equal(error.code, 'WEIR3020');
    assert.equal(error.what, 'nft -f - refused the rules of weir');
    assert.equal(error.why, 'Error: syntax error, unexpected junk');
    assert.deepEqual(error.details, {
      argv: ['nft', '-f', '-'],
      exitCode: 1,
      stderr: 'Error: syntax error, unexpected junk\n',
    });
  });

  it('names the module behind the words that nft marks, as a guess', () => {
    assert.match(refusedBy(FIB).why, /^perhaps the kernel module nft_fib_inet is missing: /);
    const elsewhere = FIB.replace('fib daddr type local', 'meta skuid 1000 drop');
    assert.doesNotMatch(refusedBy(elsewhere).why, /module/);
    assert.match(refusedBy(FIB).hint, /weir check backend/);
  });

  it('does not guess a module where the tool complains about something else', () => {
    assert.doesNotMatch(refusedBy(FIB.replace('No such file or directory', 'File exists')).why, /module/);
  });

  it('names the extension of iptables by its own word', () => {
    const absent = "iptables-restore v1.8.9 (legacy): Couldn't load match `recent':No such file or directory\n";
    assert.match(refusedBy(absent).why, /^the iptables match recent is missing: /);
    const revision = 'Warning: Extension REDIRECT revision 0 not supported, missing kernel module?\n';
    assert.match(refusedBy(revision).why, /^the kernel module xt_REDIRECT is missing: /);
  });

  it('says what to do: rights, the lock, or the hint of the caller', () => {
    assert.equal(
      refusedBy('Operation not permitted (you must be root)').hint,
      'run weir as root, or with CAP_NET_ADMIN',
    );
    assert.match(refusedBy('Another app is currently holding the xtables lock.').hint, /wait until it has ended/);
    assert.equal(refusedBy('Operation not permitted', 'as you like').hint, 'as you like');
  });

  it('is never empty, and keeps the end of a long text', () => {
    assert.equal(refusedBy('').why, 'exit code 1, without a word');
    const long = Array.from({ length: 50 }, (_, line) => `line ${line}`).join('\n');
    assert.match(refusedBy(long).why, /line 49$/);
    assert.doesNotMatch(refusedBy(long).why, /line 3\b/);
  });
});

describe('a failed listing', () => {
  it('is an error of the tool, not of the rules', () => {
    const error = listingFailed({ argv: ['iptables-save'], result: { stderr: '', exitCode: 3 } });
    assert.deepEqual(
      [error.code, error.what, error.why],
      ['WEIR2003', 'iptables-save failed: exit code 3', 'it wrote nothing'],
    );
  });
});

it('only one errno means that what was named is not there', () => {
  assert.equal(saysMissing('Error: No such file or directory'), true);
  assert.equal(saysMissing('Error: Operation not permitted'), false);
  assert.equal(saysMissing(''), false);
});
