import { type EndToEnd, type Flow, openFlow, type Scene } from './flow.ts'
import { round } from './spread.ts'
import type { Stage } from './stage.ts'

/** More than goes through in a second on two cores. */
const MOST_A_SECOND = 3_500
const WARM_S = 3
/** How long a turn of two scenes is: the machine's own ups and downs are slower than that. */
const TURN_S = 2.5

export async function measureEndToEnd(stage: Stage, scene: Scene, seconds: number): Promise<EndToEnd> {
  await prepare(stage, scene, seconds + WARM_S)
  const flow = await openFlow(stage, scene)
  await flow.warmUp(WARM_S)
  await flow.go(seconds)
  const measured = await flow.measured()
  await flow.close()
  return measured
}

/** A scene beside one host with nothing but its conversations, in turns of the same time. */
export async function measureBeside(stage: Stage, scene: Scene, seconds: number): Promise<EndToEnd> {
  await prepare(stage, scene, 2 * (seconds + WARM_S))
  const { conversations } = scene
  const [plain, flow] = [await openFlow(stage, { name: 'plain', conversations }), await openFlow(stage, scene)]
  await plain.warmUp(WARM_S)
  await flow.warmUp(WARM_S)
  // An even number, so that each goes first as often as the other.
  const turns = 2 * Math.ceil(seconds / TURN_S / 2)
  for (let turn = 0; turn < turns; turn++)
    for (const one of turn % 2 === 0 ? [plain, flow] : [flow, plain]) await one.go(seconds / turns)
  const [beside, measured] = [await plain.measured(), await flow.measured()]
  await Promise.all([plain, flow].map((one: Flow) => one.close()))
  return { ...measured, ratio: round(measured.perSecond / beside.perSecond) }
}

async function prepare({ driver, gateway, crm, place }: Stage, { conversations }: Scene, seconds: number) {
  await driver.ask('prepare', { place, from: 0, count: MOST_A_SECOND * seconds, conversations })
  await gateway.ask('forget')
  await crm.ask('forget')
}
