import { startSimulator } from '../simulator/simulator.ts'

/** The simulated gateway in a process of its own, so that its memory is not the host's. */
const { settings } = await startSimulator()
process.send?.({ settings })
