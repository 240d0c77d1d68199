import { shortChaos } from './short-chaos.ts'

shortChaos('Mobiletech keeps the promises too, and repeats nothing that may have left', {
  channel: 'mobiletech',
  seed: 21,
  messages: 200,
  conversations: 40
})
