-- name: accept_messages
-- Stores messages, each in its conversation, which is made where there is none under either name of the contact, and finds a
-- host for the registrations that have none. A message with an id that its registration has posted before changes nothing.
-- Locks conversations by their ids and then registrations by theirs, see CONTRIBUTING.md, "Locks".
create or replace function pg_temp.accept_messages(
  registrations bigint[], contacts text[], others text[], crm_ids text[], bodies json, at timestamptz
) returns void
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  conversations_of bigint[];
  open bigint[];
  waking bigint[];
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

  with added as (
    insert into messages (registration_id, conversation_id, crm_id, body, due_at)
    select g.registration, g.conversation, g.crm_id, g.body, at
    from rows from (unnest(registrations), unnest(conversations_of), unnest(crm_ids), json_array_elements(bodies))
      as g(registration, conversation, crm_id, body)
    on conflict do nothing
    returning registration_id, conversation_id
  )
  select array_agg(distinct conversation_id), array_agg(distinct registration_id) into open, waking from added;

  update conversations c set sending_due = greatest(at, c.paced_until) where c.id = any(open) and c.sending_due is null;
  perform pg_temp.wake('send', waking);
end
$$;
