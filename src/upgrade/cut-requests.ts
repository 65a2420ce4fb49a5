/**
 * How many requests a part of an access log shows as cut by the end of the process: Envoy writes them before it exits,
 * with response code details `downstream_local_disconnect(...)` (measured on 1.39 and 1.40; its counters read 0).
 */
export function countCutRequests(log: string): number {
  return log.split('\n').filter((line) => line.includes('downstream_local_disconnect')).length;
}
