import t from 'tap'
import { graphFault } from '../simulator/faults.ts'
import { registered } from './tools.ts'
import { received } from './webhook.ts'

const DAY_MS = 86_400_000
const TEMPLATES = ['MARKETING', 'UTILITY'].map(category => ({
  name: category.toLowerCase(),
  language: 'en_US',
  status: 'APPROVED',
  category,
  components: [{ type: 'BODY', text: 'Hello' }]
}))
const command = (name: string) => ({ content: { text: `/template ${name} en_US`, format: 'text' as const } })

t.test('a customer who wants no marketing is sent none, until that changes', async t => {
  const { gateway, send, tools, keep, notes } = await registered(t, { state: { templates: TEMPLATES } })
  const prefer = async (value: string, ids: object) => {
    const user_preferences = [{ ...ids, category: 'marketing_messages', value, timestamp: 1 }]
    const changes = [{ field: 'user_preferences', value: { user_preferences } }]
    const entry = [{ id: gateway.state.account.businessAccountId, changes }]
    keep((await received(JSON.stringify({ object: 'whatsapp_business_account', entry }), tools)).events)
  }
  const unwanted = { kind: 'rejected', reason: 'The customer does not want marketing messages' }

  await prefer('stop', { wa_id: '5511987654321', user_id: 'BR.1234' })
  t.match(await send(command('marketing')), unwanted)
  t.match(await send({ ...command('marketing'), address: 'BR.1234' }), unwanted)
  t.match(await send({ ...command('marketing'), address: '+55 11 98765-4321' }), unwanted)
  t.match(await send(command('utility')), { kind: 'accepted' })
  t.match(await send({ ...command('marketing'), address: '421900111222' }), { kind: 'accepted' }, 'others do')
  t.notMatch(JSON.stringify(notes), '5511987654321', 'nobody is named in the notes')

  await prefer('resume', { wa_id: '5511987654321' })
  t.match(await send(command('marketing')), { kind: 'accepted' })
})

t.test('the host hears that a customer wants no marketing, or wants it again', async t => {
  const { gateway, tools } = await registered(t)
  const user_preferences = ['stop', 'resume'].map(value => ({
    wa_id: '5511987654321',
    category: 'marketing_messages',
    value
  }))
  const changes = [{ field: 'user_preferences', value: { user_preferences } }]
  const entry = [{ id: gateway.state.account.businessAccountId, changes }]
  const { events } = await received(JSON.stringify({ object: 'whatsapp_business_account', entry }), tools)
  t.match(
    events.filter(({ kind }) => kind === 'consent'),
    [
      { contact: '5511987654321', purpose: 'marketing', isGiven: false },
      { contact: '5511987654321', purpose: 'marketing', isGiven: true }
    ]
  )
})

t.test('what Meta refuses since marketing is not wanted is not tried again for a week', async t => {
  const { gateway, send, keep, pass } = await registered(t, { state: { templates: TEMPLATES } })
  gateway.faults.add('messages', graphFault(400, 131050))
  const outcome = await send(command('marketing'))
  t.match(outcome, {
    kind: 'rejected',
    reason: /#131050/,
    events: [{ kind: 'note' }, { kind: 'consent', isGiven: false }]
  })
  if (outcome.kind === 'rejected') keep(outcome.events ?? [])
  const asked = () => gateway.state.calls.filter(({ operation }) => operation === 'messages').length
  t.match(await send(command('marketing')), { kind: 'rejected' })
  t.equal(asked(), 1)
  pass(7 * DAY_MS)
  t.match(await send(command('marketing')), { kind: 'accepted' })
})

t.test('a message that is refused is a note in the chat where the admin wants it', async t => {
  const { send } = await registered(t, { change: { incoming: { failureNotes: ['show'] } } })
  t.match(await send({ id: '42', contact: 'nobody' }), {
    kind: 'rejected',
    events: [
      {
        kind: 'message',
        ref: '42:failed',
        contact: 'nobody',
        content: { text: '[Not delivered: nobody is no phone number]' },
        context: { opens: false, note: true }
      }
    ]
  })
  const { send: silent } = await registered(t)
  t.notOk('events' in (await silent({ contact: 'nobody' })))
})
