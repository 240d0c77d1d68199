-- name: send_turn
-- A turn of the messages, in two steps. `settled` and `registrations` are the conversations and registrations of `ids`.
-- 1. Settles the simple results of attempts: the message, its statuses as outbox items, each once, and as events, and the
--    statuses that came before the gateway's answer. A message that another host has claimed since, or of which a status came
--    since, is left to the caller: its id is in `unwritten`.
-- 2. Marks the heads of conversations that are due as `sending`, the longest due first, as many of each registration as it
--    wants: normal messages first, then bulk ones, at most `bulk`, and at least `least` of them where so many wait. A message
--    that is found as `sending` after a crash may have left.
-- `claimed` are the messages of step 2 as `ClaimedMessage` has them, but for their parts: those are right only when they are
-- read after the claim, which may have waited for a transaction that dropped one. `withheld` is why a message is not to be
-- sent, as it is true in the statement that takes it: a line that was stored before counts, one that is stored later finds the
-- message taken. `stale` are conversations that were due and had no message to send. Json, since a body may hold what jsonb
-- refuses (\u0000).
create or replace function pg_temp.send_turn(
  host text, ids bigint[], settled bigint[], registrations bigint[], refs text[], results json, statuses json, wants json,
  in_hand bigint[], at timestamptz
) returns table (unwritten bigint[], claimed json, stale bigint[])
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  busy bigint[] := in_hand;
  written bigint[];
  heard bigint[];
  told bigint[];
  waking bigint[];
begin
  if settled <> '{}' then
    perform pg_temp.lock_conversations(settled);
    written := array(select r.id from pg_temp.apply_results(ids, results, true) r);
    if cardinality(written) < cardinality(ids) then
      heard := array(
        select m.id from json_to_recordset(results) as e(id bigint, attempts int, replays int)
        join messages m on m.id = e.id and m.state = 'sending' and m.attempts = e.attempts and m.replays = e.replays
        where m.id = any(ids) and m.id <> all(written));
      busy := busy || array(select e.conversation from unnest(ids, settled) as e(id, conversation) where e.id = any(heard));
    end if;

    with reached as materialized (
      select n.*
      from json_to_recordset(statuses) as n(id bigint, registration bigint, conversation bigint, event json, body json, dedupe text)
      where n.id = any(written)
    ), noted as (
      insert into events (registration_id, conversation_id, type, body)
      select n.registration, n.conversation, 'message.status', n.event from reached n
      where current_setting('chat_plugin_host.events', true) is distinct from 'off'
    ), added as (
      -- The CRM is not told of messages that it does not know.
      insert into outbox (registration_id, conversation_id, kind, body, dedupe, due_at)
      select n.registration, n.conversation, 'status', n.body, n.dedupe, at from reached n where n.dedupe is not null
      on conflict do nothing
      returning conversation_id, registration_id
    )
    select coalesce(array_agg(distinct a.conversation_id), '{}'), coalesce(array_agg(distinct a.registration_id), '{}')
    into told, waking from added a;

    perform pg_temp.refresh_sending(settled, told, at);
    perform pg_temp.wake('tell', waking);
    perform pg_temp.recheck_unmatched(registrations, refs);
  end if;

  return query
    with due as materialized (
      select next.id
      from json_to_recordset(wants) as want(registration bigint, free int, bulk int, least int)
      join registrations r on r.id = want.registration and r.sending_host = host
        and coalesce(greatest(r.paused_until, r.operator_paused_until) <= at, true)
      cross join lateral (
        with reserved as materialized (
          select count(*) number from (
            select from conversations c
            where c.registration_id = r.id and c.sending_bulk and c.sending_due <= at and c.id <> all(busy) limit want.least
          ) waiting
        ), normal as materialized (
          select c.id from conversations c
          where c.registration_id = r.id and not c.sending_bulk and c.sending_due <= at and c.id <> all(busy)
          order by c.sending_due limit want.free - (select number from reserved)
        )
        select n.id from normal n
        union all
        (select c.id from conversations c
        where c.registration_id = r.id and c.sending_bulk and c.sending_due <= at and c.id <> all(busy)
        order by c.sending_due limit least(want.bulk, want.free - (select count(*) from normal)))
      ) next
    ), head as (
      select i.id, i.state, i.doubt
      from due cross join lateral (
        select l.id, l.state, l.rank, l.doubt from pg_temp.in_line(due.id) l order by l.rank limit 1
      ) i
      where i.rank < 3
    ), marked as (
      update messages m
      set state = 'sending', attempts = m.attempts + case when head.state = 'waiting' then 1 else 0 end,
        doubt = case when head.state = 'waiting' then nullif(m.doubt, 'channel') else m.doubt end
      -- A message that a gateway gave back in the meantime may be due later than it was.
      from head where m.id = head.id and m.state = head.state and (head.state = 'sending' or m.due_at <= at)
      returning m.*, head.state = 'sending' interrupted, head.state = 'sending' or head.doubt is not null or m.in_parts begun
    )
    select coalesce(heard, '{}'), coalesce(json_agg(json_build_object(
      'registrationId', m.registration_id, 'conversationId', m.conversation_id, 'interrupted', m.interrupted,
      'bulk', m.bulk, 'waitedS', extract(epoch from at - m.due_at), 'withheld', withheld.why,
      'mayHaveLeft', withheld.why is not null and pg_temp.may_have_left(m.attempts, m.story), 'message', json_build_object(
        'id', m.id, 'registrationId', m.registration_id, 'conversationId', m.conversation_id, 'crmId', m.crm_id,
        'body', m.body, 'attempts', m.attempts, 'replays', m.replays, 'ref', m.ref, 'status', m.status, 'reason', m.reason,
        'progress', m.progress, 'returned', m.returned, 'doubt', m.doubt, 'partCount', m.part_count, 'inParts', m.in_parts,
        'alone', m.alone, 'deaths', m.deaths, 'tellCrm', m.tell_crm, 'traceparent', m.traceparent),
      'conversation', json_build_object(
        'lastIncomingRef', c.last_incoming_ref, 'lastIncomingAt', c.last_incoming_at,
        'lastIncomingContext', c.last_incoming_context, 'memory', c.memory, 'address', c.address)
    ) order by m.id), '[]'),
    array(select due.id from due where due.id <> all(array(select m.conversation_id from marked m)))
    from marked m join conversations c on c.id = m.conversation_id
    cross join lateral (select case
      when m.begun then null
      when c.suppressed = 'all' then 'all'
      when c.suppressed = 'marketing' and m.purpose = 'marketing' then 'marketing'
      when m.if_not_held and c.held_until > now() then 'held'
      when m.if_line = -1 or m.if_line is not null and exists (
        select from events e
        where e.conversation_id = m.conversation_id and e.type in ('message.received', 'message.sent_elsewhere') and e.id > m.if_line
      ) then 'written'
    end why) withheld;
end
$$;
