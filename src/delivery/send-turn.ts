import { byHash, type Routine } from '../postgres/sql-routine.ts'
import { APPLY_RESULTS } from './attempt.ts'

/**
 * A turn of what is sent. First writes down how attempts ended, unless another
 * host has taken the message over meanwhile or something was heard of it: what
 * became of the message, what the CRM has to hear of it, each thing once, and
 * that a status came before the gateway's answer. Then marks the heads of
 * conversations that are due as being sent, the longest due first, so many of
 * each registration as it wants: who finds one marked after a crash knows that
 * it may have left. Answers first the messages whose end was not written.
 */
export const SEND_TURN = {
  name: 'send_turn',
  parameters: [
    'host text',
    'ids bigint[]',
    'settled bigint[]',
    'owners bigint[]',
    'refs text[]',
    'ended json',
    'news json',
    'wants json',
    'in_hand bigint[]',
    'at timestamptz'
  ],
  returns: `table (id bigint, unwritten boolean, interrupted boolean, registration_id bigint, conversation_id bigint,
    crm_id text, body json, attempts int, replays int, ref text, status text, reason text, progress json, returned json, doubt text,
    part_count int, in_parts boolean, alone boolean, deaths int, last_incoming_ref text, last_incoming_at timestamptz, last_incoming_context json,
    memory json, address text)`,
  body: `
#variable_conflict use_column
declare
  busy bigint[] := in_hand;
  ours bigint[];
  heard bigint[];
  told bigint[];
  owner record;
begin
  if settled <> '{}' then
    perform from conversations c where c.id = any(settled) order by c.id for no key update;
    ${byHash(`with written as (
      ${APPLY_RESULTS('ended', 'ids')} and m.status is not distinct from e.was and m.doubt is null and not m.in_parts
      returning m.id
    )
    select coalesce(array_agg(w.id), '{}') into ours from written w`)}
    if cardinality(ours) < cardinality(ids) then
      heard := array(
        select m.id from json_to_recordset(ended) as e(id bigint, attempts int, replays int)
        join messages m on m.id = e.id and m.state = 'sending' and m.attempts = e.attempts and m.replays = e.replays
        where m.id = any(ids) and m.id <> all(ours));
      busy := busy || array(select e.conversation from unnest(ids, settled) as e(id, conversation) where e.id = any(heard));
      return query
        select e.id, true, null::boolean, null::bigint, null::bigint, null, null::json, null::int, null::int, null, null, null,
          null::json, null::json, null, null::int, null::boolean, null::boolean, null::int, null, null::timestamptz, null::json, null::json, null
        from unnest(heard) as e(id);
    end if;

    with added as (
      insert into outbox (registration_id, conversation_id, kind, body, dedupe, due_at)
      select n.registration, n.conversation, 'status', n.body, n.dedupe, at
      from json_to_recordset(news) as n(id bigint, registration bigint, conversation bigint, body json, dedupe text)
      where n.id = any(ours)
      on conflict do nothing
      returning conversation_id
    )
    select coalesce(array_agg(distinct a.conversation_id), '{}') into told from added a;

    update conversations c set
      telling_due = coalesce(c.telling_due, case when c.id = any(told) then at end),
      sending_due = (
        select greatest(i.due_at, c.paced_until) from messages i
        where i.conversation_id = c.id and i.settled_at is null and i.state <> 'gathered' order by i.id limit 1
      )
    where c.id = any(settled);

    for owner in
      select r.id, r.telling_host from registrations r
      where r.id in (select c.registration_id from conversations c where c.id = any(told)) order by r.id for share
    loop
      if owner.telling_host is null then
        perform graphile_worker.add_job('tell', json_build_object('registration', owner.id), max_attempts := 32767);
      end if;
    end loop;

    for owner in
      select distinct s.registration_id id from unnest(owners, refs) as e(registration, ref)
      join early_statuses s on s.registration_id = e.registration and s.ref = e.ref order by 1
    loop
      perform graphile_worker.add_job('early', json_build_object('registration', owner.id, 'all', true),
        job_key := 'early all ' || owner.id, max_attempts := 32767);
    end loop;
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
      from head where m.id = head.id and m.state = head.state
      returning m.*, head.state = 'sending' interrupted
    )
    select m.id, false, m.interrupted, m.registration_id, m.conversation_id, m.crm_id, m.body, m.attempts, m.replays,
      m.ref, m.status, m.reason, m.progress, m.returned, m.doubt, m.part_count, m.in_parts, m.alone, m.deaths,
      c.last_incoming_ref, c.last_incoming_at, c.last_incoming_context, c.memory, c.address
    from marked m join conversations c on c.id = m.conversation_id order by m.id;
end`
} as const satisfies Routine
