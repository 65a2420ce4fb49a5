/** Composition of the first switch of `weir off`, apart from everything that takes longer to load. */
export { listBegunFlows } from './adapters/begun-flows.ts';
export { readStateOfHere, switchFirst } from './adapters/first-switch.ts';
