import { startSimulator } from 'channel-bpmessage/simulator'

/** The fake gateway in a process of its own, so that its memory is not the host's. */
const { settings } = await startSimulator()
process.send?.({ settings })
