/** Milliseconds of the machine's own clock, the same in every process of it. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6
