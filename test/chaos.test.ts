import { shortChaos } from './short-chaos.ts'

shortChaos('through kills, crashes and bad neighbours nothing is lost, reordered, or repeated without a reason', {
  seed: 20,
  messages: 400,
  conversations: 60
})
