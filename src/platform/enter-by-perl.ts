/**
 * What nsenter does, for hosts that have perl and no nsenter: `perl -e PROGRAM FILE COMMAND ...` runs the command in the
 * network namespace of the file. Its system call is setns(2) with CLONE_NEWNET, 308 on x86_64 and 268 on arm64. It has no
 * single quote, so that a shell takes it in single quotes.
 */
export const ENTER_BY_PERL =
  'use Config; my $file = shift; open my $net, "<", $file or die "$file: $!\\n"; ' +
  'my $number = $Config{archname} =~ /^x86_64/ ? 308 : 268; ' +
  'syscall($number, fileno $net, 0x40000000) == 0 or die "setns: $!\\n"; ' +
  'exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\\n"';
