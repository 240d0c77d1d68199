import { useLoaded } from 'page-kit/web/use-loaded.ts'
import { useEffect, useState } from 'preact/hooks'
import type { Conversation, Message } from '../../../crm/model.ts'
import { ask } from '../api.ts'
import { onLive } from '../live-events.ts'
import { useShell } from '../shell.ts'
import { type Person, people } from './people.ts'

type News = Extract<Parameters<Parameters<typeof onLive>[0]>[0], { type: 'message' }>

/** The conversations of the plugin in front, kept up to date by what the CRM hears. */
export function useConversations(contactType: string, country: string | null) {
  const { plugin } = useShell()
  const loaded = useLoaded(signal => load(plugin, people(contactType, country), signal), [plugin, contactType])
  const [conversations, setConversations] = useState<Conversation[]>([])

  useEffect(() => {
    if (loaded.value) setConversations(loaded.value)
  }, [loaded.value])

  useEffect(
    () =>
      onLive(event => {
        if (event.type === 'message' && event.plugin === plugin) setConversations(before => withNews(before, event))
        if (event.type === 'reconnected') loaded.reload()
      }),
    [plugin]
  )

  const add = async (contact: string, name: string) => {
    const made = await open(plugin, { contact, name })
    if (made.ok) setConversations(before => [...before.filter(other => other.contact !== contact), made.body])
    return made
  }

  return { conversations, problem: loaded.problem, loading: loaded.loading, reload: loaded.reload, add }
}

const open = (plugin: string, body: { contact: string; name: string }) =>
  ask<Conversation>(`plugins/${plugin}/conversations`, { method: 'POST', body })

const list = (plugin: string, signal: AbortSignal) => ask<Conversation[]>(`plugins/${plugin}/conversations`, { signal })

/** The first visit finds a few people to write to. */
async function load(plugin: string, persons: readonly Person[], signal: AbortSignal) {
  const known = await list(plugin, signal)
  if (!known.ok || known.body.length > 0) return known
  for (const person of persons) await open(plugin, person)
  return list(plugin, signal)
}

function withNews(before: Conversation[], { contact, name, message }: News): Conversation[] {
  const known = before.some(conversation => conversation.contact === contact)
  const all = known ? before : [...before, { contact, name, messages: [] }]
  return all.map(conversation =>
    conversation.contact === contact
      ? { ...conversation, messages: placed(conversation.messages, message) }
      : conversation
  )
}

const placed = (messages: Message[], message: Message): Message[] =>
  messages.some(({ id }) => id === message.id)
    ? messages.map(known => (known.id === message.id ? message : known))
    : [...messages, message]
