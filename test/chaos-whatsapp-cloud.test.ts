import { shortChaos } from './short-chaos.ts'

shortChaos('WhatsApp keeps the promises too, and believes statuses where an answer was lost', {
  channel: 'whatsapp-cloud',
  seed: 20,
  messages: 200,
  conversations: 40
})
