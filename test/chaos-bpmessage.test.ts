import { shortChaos } from './short-chaos.ts'

shortChaos('BpMessage keeps the promises too, and strands nothing in a lot', {
  channel: 'bpmessage',
  seed: 22,
  messages: 240,
  conversations: 80
})
