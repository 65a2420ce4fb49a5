/** The three ways to talk to netfilter, in the order in which they are preferred. */
export type Backend = 'nft' | 'iptables-nft' | 'iptables-legacy';
