// The one value of a row that is summed up. Used by workloads.ts and cpu.ts; it knows neither.

/** What `a` is in row `id` of a table that `fill` has filled. */
export function valueOf(id: number): number {
  return (id * 7919) % 1000003;
}
