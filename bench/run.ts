import { cpus } from 'node:os'
import { type Accepting, measureAccept } from './accept.ts'
import { type Bulk, measureBulk } from './bulk.ts'
import { type Draining, measureDrain } from './drain.ts'
import { type Floor, measureFloor } from './floor.ts'
import type { EndToEnd, Scene } from './flow.ts'
import { measureBeside, measureEndToEnd } from './flow.ts'
import { type Incoming, type Latency, measureIncoming, measureLatency } from './latency.ts'
import { type ListFigure, measureLists } from './lists.ts'
import { openStage, type Stage } from './stage.ts'

/** Figures of a run, of the parts that were asked for. */
export interface Result {
  machine: { cores: number; model: string; node: string }
  quick: boolean
  floor?: Floor
  accept?: Accepting[]
  endToEnd?: EndToEnd[]
  latency?: Latency[]
  incoming?: Incoming
  bulk?: Bulk
  scale?: EndToEnd[]
  drain?: Draining[]
  lists?: ListFigure[]
}

export const PARTS = [
  'floor',
  'accept',
  'end-to-end',
  'latency',
  'incoming',
  'bulk',
  'scale',
  'drain',
  'lists'
] as const

/** At 200,000 a bare graphile-worker drains a third as many a second: they lie in each other's way. */
const JOBS = 50_000

/** Registrations, several so that two hosts can share them. */
const ACCOUNTS = 4

const MAIN: Scene[] = [100, 2_000, 20_000].map(conversations => ({
  name: `${conversations.toLocaleString('en')} conversations`,
  conversations
}))

const SCALE: Scene[] = [1, 1_000, 10_000, 100_000].map(conversations => ({
  name: conversations === 1 ? '1 conversation' : `${conversations.toLocaleString('en')} conversations`,
  conversations
}))

/** Burdens that must not slow a host down. */
const BURDENED: Scene[] = [
  { name: '1,000 of 100,000 known', conversations: 1_000, known: 100_000 },
  { name: '100,000 due tomorrow', conversations: 2_000, backlog: { messages: 100_000, due: 'later' } },
  { name: '1,000,000 due tomorrow', conversations: 2_000, backlog: { messages: 1_000_000, due: 'later' } },
  { name: 'two hosts', conversations: 2_000, hosts: 2 }
]

interface Wanted {
  quick: boolean
  only: readonly string[]
  progress: (text: string) => void
  profiles?: string | undefined
}

export async function runBench({ quick, only, progress, profiles }: Wanted): Promise<Result> {
  const unknown = only.find(part => !(PARTS as readonly string[]).includes(part))
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}": ${PARTS.join(', ')}`)
  const result: Result = {
    machine: { cores: cpus().length, model: cpus()[0]?.model ?? '', node: process.version },
    quick
  }
  const stage = await openStage({ accounts: ACCOUNTS, profiles })
  const scenes = async (all: readonly Scene[], measure: typeof measureEndToEnd, seconds: number) => {
    const rows: EndToEnd[] = []
    for (const scene of all) {
      progress(scene.name)
      rows.push(await measure(stage, scene, seconds))
    }
    return rows
  }

  const measures: Record<(typeof PARTS)[number], (stage: Stage) => Promise<Partial<Result>>> = {
    floor: async stage => ({ floor: await measureFloor(stage, JOBS) }),
    accept: async stage => ({ accept: await measureAccept(stage, quick ? 3 : 10) }),
    'end-to-end': async () => ({ endToEnd: await scenes(MAIN, measureEndToEnd, quick ? 8 : 60) }),
    latency: async stage => ({
      latency: [await measureLatency(stage, 1, quick ? 8 : 30), await measureLatency(stage, 2, quick ? 8 : 30)]
    }),
    incoming: async stage => ({ incoming: await measureIncoming(stage, quick ? 5 : 20) }),
    bulk: async stage => ({ bulk: await measureBulk(stage, quick ? 8 : 30) }),
    scale: async () => ({
      scale: [
        ...(await scenes(SCALE, measureEndToEnd, quick ? 8 : 20)),
        ...(await scenes(BURDENED, measureBeside, quick ? 8 : 20))
      ]
    }),
    drain: async stage => ({
      drain: [await measureDrain(stage, 100_000, quick ? 8 : 20), await measureDrain(stage, 1_000_000, quick ? 8 : 20)]
    }),
    lists: async stage => ({ lists: await measureLists(stage, quick ? 20 : 100) })
  }
  try {
    for (const part of PARTS)
      if (only.includes(part)) {
        progress(`— ${part}`)
        Object.assign(result, await measures[part](stage))
      }
  } finally {
    await stage.close()
  }
  return result
}
