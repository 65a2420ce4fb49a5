/** Whether a connection arrived at the server as it left here: a proxy opens one of its own, from another port or address. */
export function routeOf(
  left: { readonly localAddress?: string | undefined; readonly localPort?: number | undefined },
  seenByServer: { readonly address: string; readonly port: number },
): 'direct' | 'proxy' {
  const plain = (address: string | undefined) => address?.replace(/^::ffff:/, '');
  const isSame = plain(seenByServer.address) === plain(left.localAddress) && seenByServer.port === left.localPort;
  return isSame ? 'direct' : 'proxy';
}
