import type { Routine } from '../database/routine.ts'

/**
 * Stores messages, each in its conversation, which is made where there is none,
 * and finds a host for the registrations that have none. A message with an id
 * that its registration has posted before changes nothing. Locks conversations
 * by their ids and then registrations by theirs, as everybody does.
 */
export const ACCEPT = {
  name: 'accept_messages',
  parameters: ['registrations bigint[]', 'contacts text[]', 'crm_ids text[]', 'bodies json[]', 'at timestamptz'],
  returns: 'void',
  body: `
#variable_conflict use_column
declare
  open bigint[];
  owners bigint[];
  owner record;
begin
  -- Again, where an erasure that was under way has taken a conversation away.
  loop
    insert into conversations (registration_id, contact)
    select distinct g.registration, g.contact
    from unnest(registrations, contacts) as g(registration, contact)
    where not exists (select from conversations c where c.registration_id = g.registration and c.contact = g.contact)
      and not exists (select from aliases a where a.registration_id = g.registration and a.contact = g.contact)
    order by 1, 2
    on conflict do nothing;

    perform from conversations c
    where c.id in (
      select coalesce(
        (select o.id from conversations o where o.registration_id = g.registration and o.contact = g.contact),
        (select a.conversation_id from aliases a where a.registration_id = g.registration and a.contact = g.contact))
      from unnest(registrations, contacts) as g(registration, contact))
    order by c.id for no key update;

    exit when not exists (
      select from unnest(registrations, contacts) as g(registration, contact)
      where not exists (select from conversations c where c.registration_id = g.registration and c.contact = g.contact)
        and not exists (select from aliases a where a.registration_id = g.registration and a.contact = g.contact));
  end loop;

  with added as (
    insert into messages (registration_id, conversation_id, crm_id, body, due_at)
    select g.registration, coalesce(
        (select o.id from conversations o where o.registration_id = g.registration and o.contact = g.contact),
        (select a.conversation_id from aliases a where a.registration_id = g.registration and a.contact = g.contact)),
      g.crm_id, g.body, at
    from unnest(registrations, contacts, crm_ids, bodies) as g(registration, contact, crm_id, body)
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
