import type { Routine } from '../postgres/sql-routine.ts'
import { CONVERSATION, KEY, LOCK_NEW } from '../queue/contacts.ts'

/** Those that no conversation was found for. */
const NEW = `(
  select * from unnest(registrations, contacts, others, conversation) with ordinality
    as g(registration, contact, other, conversation, number)
  where g.conversation is null) g`

/**
 * Stores messages, each in its conversation, which is made where there is none
 * under either name of the contact, and finds a host for the registrations that have none. A message with an id
 * that its registration has posted before changes nothing. Locks conversations
 * by their ids and then registrations by theirs, as everybody does.
 */
export const ACCEPT = {
  name: 'accept_messages',
  parameters: [
    'registrations bigint[]',
    'contacts text[]',
    'others text[]',
    'crm_ids text[]',
    'bodies json',
    'at timestamptz'
  ],
  returns: 'void',
  body: `
#variable_conflict use_column
declare
  conversation bigint[];
  locked bigint;
  open bigint[];
  owners bigint[];
  owner record;
begin
  -- Again, where one was made, or an erasure that was under way has taken one away.
  loop
    conversation := array(
      select ${CONVERSATION}
      from unnest(registrations, contacts, others) with ordinality as g(registration, contact, other, number) order by g.number);

    if array_position(conversation, null) is null then
      perform from conversations c where c.id = any(conversation) order by c.id for no key update;
      get diagnostics locked = row_count;
      exit when locked = (select count(distinct id) from unnest(conversation) id);
    else
      perform ${LOCK_NEW(NEW)};
      insert into conversations (registration_id, contact)
      select distinct on (g.registration, ${KEY}) g.registration, g.contact
      from ${NEW} where ${CONVERSATION} is null
      order by g.registration, ${KEY}, g.number
      on conflict do nothing;
    end if;
  end loop;

  with added as (
    insert into messages (registration_id, conversation_id, crm_id, body, due_at)
    select g.registration, g.conversation, g.crm_id, g.body, at
    from rows from (unnest(registrations), unnest(conversation), unnest(crm_ids), json_array_elements(bodies))
      as g(registration, conversation, crm_id, body)
    on conflict do nothing
    returning registration_id, conversation_id
  )
  select array_agg(distinct conversation_id), array_agg(distinct registration_id) into open, owners from added;

  update conversations c set sending_due = greatest(at, c.paced_until) where c.id = any(open) and c.sending_due is null;

  for owner in select r.id, r.sending_host from registrations r where r.id = any(owners) order by r.id for share loop
    if owner.sending_host is null then
      perform graphile_worker.add_job('send', json_build_object('registration', owner.id), max_attempts := 32767);
    end if;
  end loop;
end`
} as const satisfies Routine
