import { byHash, type Routine } from '../postgres/sql-routine.ts'

/**
 * A turn of what CRMs are told: writes down what became of the items in `ended`,
 * then takes the heads of conversations that are due, the longest due first, so
 * many of each registration as it wants. `ids` names the items once more, lest all be read to find them. An item that was settled meanwhile, by
 * whoever took it over, stays as it is.
 */
export const OUTBOX_TURN = {
  name: 'tell_turn',
  parameters: [
    'host text',
    'ids bigint[]',
    'settled bigint[]',
    'ended json',
    'wants json',
    'busy bigint[]',
    'at timestamptz'
  ],
  returns:
    'table (id bigint, registration_id bigint, conversation_id bigint, kind text, body json, attempts int, offered_since timestamptz)',
  body: `
#variable_conflict use_column
begin
  if settled <> '{}' then
    perform from conversations c where c.id = any(settled) order by c.id for no key update;
    ${byHash(`update outbox i
    set state = e.state, reason = e.reason, attempts = i.attempts + 1, due_at = coalesce(e.due_at, i.due_at),
      settled_at = e.settled_at
    from json_to_recordset(ended) as e(id bigint, state text, reason text, due_at timestamptz, settled_at timestamptz)
    where i.id = any(ids) and i.id = e.id and i.state = 'waiting'`)}
    update conversations c set telling_due = (
      select i.due_at from outbox i where i.conversation_id = c.id and i.settled_at is null order by i.id limit 1
    ) where c.id = any(settled);
  end if;
  return query
    select item.id, item.registration_id, item.conversation_id, item.kind, item.body, item.attempts, item.offered_since
    from json_to_recordset(wants) as want(registration bigint, free int)
    join registrations r on r.id = want.registration and r.telling_host = host and r.archived_at is null
    cross join lateral (
      select c.id from conversations c
      where c.registration_id = r.id and c.telling_due <= at and c.id <> all(busy)
      order by c.telling_due limit want.free
    ) head
    cross join lateral (
      select i.* from outbox i where i.conversation_id = head.id and i.settled_at is null order by i.id limit 1
    ) item;
end`
} as const satisfies Routine
