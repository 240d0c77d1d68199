-- name: lock_contacts
-- The conversation of each contact, in their order, locked; made where there is none under either name of the contact.
create or replace function pg_temp.lock_contacts(registrations bigint[], contacts text[], others text[]) returns bigint[]
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
  conversations_of bigint[];
begin
  -- Again, where one was made, or an erasure that was under way has taken one away.
  loop
    conversations_of := pg_temp.find_conversations(registrations, contacts, others, false);
    if array_position(conversations_of, null) is null then
      exit when pg_temp.lock_conversations(conversations_of) = (select count(distinct id) from unnest(conversations_of) id);
    else
      perform pg_temp.make_conversations(
        array_agg(g.registration order by g.number), array_agg(g.contact order by g.number), array_agg(g.other order by g.number))
      from unnest(registrations, contacts, others, conversations_of) with ordinality
        as g(registration, contact, other, conversation, number)
      where g.conversation is null;
    end if;
  end loop;
  return conversations_of;
end
$$;

-- name: accept_messages
-- Stores messages of the CRM, each in its conversation, and finds a host for the registrations that have none. A message with
-- an id that its registration has posted before changes nothing. Locks conversations by their ids and then registrations by
-- theirs, see CONTRIBUTING.md, "Locks".
create or replace function pg_temp.accept_messages(
  registrations bigint[], contacts text[], others text[], crm_ids text[], bodies json, erased json, traceparents text[],
  at timestamptz
) returns void
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  conversations_of bigint[] := pg_temp.lock_contacts(registrations, contacts, others);
  open bigint[];
  waking bigint[];
begin
  if erased is not null then
    perform pg_temp.adopt_suppressions(registrations, conversations_of, erased);
  end if;
  with added as (
    insert into messages (registration_id, conversation_id, crm_id, body, traceparent, due_at)
    select g.registration, g.conversation, g.crm_id, g.body, g.traceparent, at
    from rows from (
      unnest(registrations), unnest(conversations_of), unnest(crm_ids), json_array_elements(bodies), unnest(traceparents)
    ) as g(registration, conversation, crm_id, body, traceparent)
    on conflict do nothing
    returning id, registration_id, conversation_id
  ), noted as (
    insert into events (registration_id, conversation_id, type, body)
    select a.registration_id, a.conversation_id, 'message.sent_elsewhere', json_build_object('source', 'crm', 'message', a.id)
    from added a where current_setting('chat_plugin_host.events', true) is distinct from 'off' order by a.id
  )
  select array_agg(distinct conversation_id), array_agg(distinct registration_id) into open, waking from added;

  perform pg_temp.take_lines(open, 'crm', at);
  perform pg_temp.wake('send', waking);
end
$$;

-- name: accept_items
-- Stores messages of an API client in one registration, each in its conversation, in the order given. Answers what became of
-- each id, and its message: `duplicate`, an id that the client has used in this registration before, changes nothing, and what
-- its contact does not want is `suppressed`, and not stored. Locks as `accept_messages` does, and before that the client in
-- this registration: two requests with the same ids in other orders would wait for each other's ids in a circle, and to insert
-- by ids would lose the order of a conversation. `oldest`: the position of the oldest event that is kept; what was written since
-- an older one nobody knows, so such an item is not sent.
create or replace function pg_temp.accept_items(
  registration bigint, client text, contacts text[], others text[], ids text[], items json, bodies json, erased json,
  traceparent text, at timestamptz
) returns table (id text, message bigint, result text)
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  registrations bigint[] := array_fill(accept_items.registration, array[cardinality(contacts)]);
  conversations_of bigint[];
  oldest bigint;
  added bigint[];
  added_ids text[];
  open bigint[];
begin
  perform pg_advisory_xact_lock(hashtextextended(accept_items.registration || ' ' || accept_items.client, 0));
  conversations_of := pg_temp.lock_contacts(registrations, contacts, others);
  if erased is not null then
    perform pg_temp.adopt_suppressions(registrations, conversations_of, erased);
  end if;
  oldest := (select e.position from events e where e.position is not null order by e.position limit 1);
  with stored as (
    insert into messages (
      registration_id, conversation_id, client, client_id, body, bulk, not_before, expires_at, tag, purpose, tell_crm, if_not_held,
      if_line, traceparent, due_at)
    select accept_items.registration, g.conversation, accept_items.client, g.id, g.body, coalesce(g.bulk, false), g.not_before,
      g.expires_at, g.tag, g.purpose, g.tell_crm, coalesce(g.if_not_held, false),
      case
        when g.if_none_after is null then null
        when line.position > g.if_none_after or line.id is not null and line.position is null then -1
        when oldest is null or oldest > g.if_none_after then -1
        else coalesce(line.id, 0)
      end,
      accept_items.traceparent, greatest(at, g.not_before)
    from rows from (
      unnest(ids),
      json_to_recordset(items) as (
        bulk boolean, not_before timestamptz, expires_at timestamptz, tag text, purpose text, tell_crm text, if_not_held boolean,
        if_none_after bigint),
      json_array_elements(bodies), unnest(conversations_of)
    ) with ordinality as g(
      id, bulk, not_before, expires_at, tag, purpose, tell_crm, if_not_held, if_none_after, body, conversation, number)
    join conversations c on c.id = g.conversation
    left join lateral (
      select e.id, e.position from events e
      where g.if_none_after is not null and e.conversation_id = g.conversation
        and e.type in ('message.received', 'message.sent_elsewhere')
      order by e.id desc limit 1
    ) line on true
    where c.suppressed is null or c.suppressed = 'marketing' and g.purpose <> 'marketing'
    order by g.number
    on conflict do nothing
    returning id, client_id, conversation_id, bulk, due_at
  )
  select coalesce(array_agg(s.id), '{}'), coalesce(array_agg(s.client_id), '{}'), coalesce(array_agg(distinct s.conversation_id), '{}')
  into added, added_ids, open from stored s;

  if added <> '{}' then
    perform pg_temp.refresh_sending(open, '{}', null);
    perform pg_temp.wake('send', array[accept_items.registration]);
  end if;
  return query select a.id, a.message, 'accepted' from unnest(added_ids, added) a(id, message);
  if cardinality(added) < cardinality(ids) then
    return query
      select k.id, m.id, case when m.id is null then 'suppressed' else 'duplicate' end
      from (select unnest(accept_items.ids) except select unnest(added_ids)) k(id)
      left join messages m on m.registration_id = accept_items.registration and m.client = accept_items.client and m.client_id = k.id;
  end if;
end
$$;
