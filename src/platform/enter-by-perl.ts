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

/**
 * `perl -e PROGRAM` prints SO_NETNS_COOKIE of a socket (71, since Linux 5.14). Perl's own getsockopt asks for more than
 * the 8 bytes of it, which the kernel refuses. The system call is 55 on x86_64 and 209 on arm64. It has no single quote
 * either.
 */
export const ASK_COOKIE_BY_PERL =
  'use Config; socket my $one, 1, 2, 0 or die "socket: $!\\n"; my $value = "\\0" x 8; my $size = pack "L", 8; ' +
  'my $number = $Config{archname} =~ /^x86_64/ ? 55 : 209; ' +
  'syscall($number, fileno $one, 1, 71, $value, $size) == 0 or die "getsockopt: $!\\n"; print unpack "Q", $value';
