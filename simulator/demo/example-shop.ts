import { startCrm } from '../crm/crm.ts'
import { freePortLike } from '../free-port.ts'

/**
 * A company beside those that one plays with, so that the operator's console has something to show from the start: chats with
 * replies, a message that failed, a campaign that waits for tomorrow, and a contact that wants none of it.
 */

interface Host {
  selfUri: string
  consoleToken: string
  /** Near which its CRM listens: at the same one after a restart, so that its registration is found again. */
  port: number
}

const CHATS = [
  ['+5511987650001', 'Hello Ana, your order 2026-117 is on its way.'],
  ['+421905000002', 'Good morning Eva, your parcel waits for you until Friday.'],
  ['+5511987650003', 'Hello Bruno, there was an error with your card. Please try another one.'],
  ['+5511987650001', 'It arrives on Thursday, between 9 and 12.']
] as const
const CAMPAIGN = ['+5511987650001', '+421905000002', '+5511987650004']
const DAY_MS = 24 * 3_600_000

export async function openExampleShop({ selfUri, consoleToken, port }: Host): Promise<{ close: () => Promise<void> }> {
  const crm = await startCrm({ port: await freePortLike(port) })
  const ask = async <Answer>(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> => {
    const answer = await fetch(`${selfUri}api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${consoleToken}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {})
    })
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as Answer
  }

  const reference = { cid: '2', plugin: { alias: 'example-shop', id: '1' } }
  const plugin = await crm.register({ selfUri, key: 'example-shop', name: 'Example shop', reference })
  const { items } = await ask<{ items: { id: number; alias: string; lastSentAt: string | null }[] }>(
    'GET',
    '/registrations?limit=100'
  )
  const shop = items.findLast(({ alias }) => alias === reference.plugin.alias)
  if (shop && shop.lastSentAt === null) {
    await plugin.form()
    await plugin.saveSettings({ main: { prefix: 'Thank you! You wrote: «', suffix: '»', delay: 1 } })
    for (const [contact, text] of CHATS)
      await plugin.send({ contact, subject: null, content: { text, format: 'text' }, attachments: [] })
    const tomorrow = new Date(Date.now() + DAY_MS).toISOString()
    await ask('POST', `/registrations/${shop.id}/suppressions`, { contacts: ['+5511987650005'], purpose: 'marketing' })
    await ask('POST', `/registrations/${shop.id}/messages`, {
      items: CAMPAIGN.map((contact, index) => ({
        ...{ id: `spring-${index}`, contact, text: 'Spring sale: 20 % off until Sunday.', tag: 'spring-sale' },
        ...{ class: 'bulk', purpose: 'marketing', notBefore: tomorrow }
      }))
    })
  }
  return { close: crm.close }
}
