-- name: send_turn
-- A turn of the messages. First settles the simple results of attempts, unless another host has claimed the message since or
-- something was heard of it: the message, the outbox items, each once, and the statuses that came before the gateway's
-- answer. Then marks the heads of conversations that are due as `sending`, the longest due first, as many of each
-- registration as it wants: a message that is found so after a crash may have left. Returns the messages whose results were
-- not written first. `settled` and `registrations` are the conversations and the registrations of `ids`.
create or replace function pg_temp.send_turn(
  host text, ids bigint[], settled bigint[], registrations bigint[], refs text[], results json, items json, wants json,
  in_hand bigint[], at timestamptz
) returns table (
  id bigint, unwritten boolean, interrupted boolean, registration_id bigint, conversation_id bigint, crm_id text, body json,
  attempts int, replays int, ref text, status text, reason text, progress json, returned json, doubt text, part_count int,
  in_parts boolean, alone boolean, deaths int, last_incoming_ref text, last_incoming_at timestamptz,
  last_incoming_context json, memory json, address text
)
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
      return query
        select e.id, true, null::boolean, null::bigint, null::bigint, null, null::json, null::int, null::int, null, null, null,
          null::json, null::json, null, null::int, null::boolean, null::boolean, null::int, null, null::timestamptz, null::json,
          null::json, null
        from unnest(heard) as e(id);
    end if;

    with added as (
      insert into outbox (registration_id, conversation_id, kind, body, dedupe, due_at)
      select n.registration, n.conversation, 'status', n.body, n.dedupe, at
      from json_to_recordset(items) as n(id bigint, registration bigint, conversation bigint, body json, dedupe text)
      where n.id = any(written)
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
    with head as (
      select i.id, i.state
      from json_to_recordset(wants) as want(registration bigint, free int)
      join registrations r on r.id = want.registration and r.sending_host = host
        and coalesce(greatest(r.paused_until, r.operator_paused_until) <= at, true)
      cross join lateral (
        select c.id from conversations c
        where c.registration_id = r.id and c.sending_due <= at and c.id <> all(busy)
        order by c.sending_due limit want.free
      ) due
      cross join lateral (
        select i.id, i.state from messages i
        where i.conversation_id = due.id and i.settled_at is null and i.state <> 'gathered' order by i.id limit 1
      ) i
    ), marked as (
      update messages m
      set state = 'sending', attempts = m.attempts + case when head.state = 'waiting' then 1 else 0 end,
        doubt = case when head.state = 'waiting' then nullif(m.doubt, 'channel') else m.doubt end
      -- One that a gateway gave back in the meantime may be due later than it was.
      from head where m.id = head.id and m.state = head.state and (head.state = 'sending' or m.due_at <= at)
      returning m.*, head.state = 'sending' interrupted
    )
    select m.id, false, m.interrupted, m.registration_id, m.conversation_id, m.crm_id, m.body, m.attempts, m.replays,
      m.ref, m.status, m.reason, m.progress, m.returned, m.doubt, m.part_count, m.in_parts, m.alone, m.deaths,
      c.last_incoming_ref, c.last_incoming_at, c.last_incoming_context, c.memory, c.address
    from marked m join conversations c on c.id = m.conversation_id order by m.id;
end
$$;
