-- Steps that the routines share with each other and with transactions of TypeScript. Each connection makes them before its
-- first routine or transaction (src/postgres/sql-routine.ts). All lock in the order of CONTRIBUTING.md, "Locks".
--
-- The plan settings are those of every routine: plans are kept for a session, and a plan that was made while the tables
-- were small would read them whole when they are not.

-- name: lock_conversations
-- Locks conversations. Returns how many of them there are still.
create or replace function pg_temp.lock_conversations(ids bigint[]) returns bigint
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
  locked bigint;
begin
  perform from conversations c where c.id = any(ids) order by c.id for no key update;
  get diagnostics locked = row_count;
  return locked;
end
$$;

-- name: find_conversations
-- The conversation of each contact, in their order, null where there is none. Each contact may have a second name in
-- `others`, such as a number without its plus; the first name comes first. `as_writer`: a conversation that was written in
-- under this name since it was another one's comes before all (aliases.over).
create or replace function pg_temp.find_conversations(registrations bigint[], contacts text[], others text[], as_writer boolean)
returns bigint[]
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
  return array(
    select coalesce(
      case when as_writer then
        (select a.conversation_id from aliases a where a.registration_id = g.registration and a.contact = g.contact and a.over)
      end,
      (select c.id from conversations c where c.registration_id = g.registration and c.contact = g.contact),
      (select a.conversation_id from aliases a where a.registration_id = g.registration and a.contact = g.contact),
      (select c.id from conversations c where c.registration_id = g.registration and c.contact = g.other),
      (select a.conversation_id from aliases a where a.registration_id = g.registration and a.contact = g.other)
    )
    from unnest(registrations, contacts, others) with ordinality as g(registration, contact, other, number)
    order by g.number
  );
end
$$;

-- name: make_conversations
-- Makes conversations of contacts that have none; find them once more after it. Two names of one contact have the same key,
-- the lesser of them: an advisory lock by it, held until the transaction ends, keeps two transactions from making the
-- conversation of one contact under both names, which no unique index would notice. 256 locks a registration: few wait for
-- each other in vain, and the database has room for some thousands.
create or replace function pg_temp.make_conversations(registrations bigint[], contacts text[], others text[]) returns void
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
  conversations_of bigint[];
begin
  perform pg_advisory_xact_lock(share.registration, share.number) from (
    select distinct hashint8(g.registration) registration, hashtext(least(g.contact, g.other)) & 255 number
    from unnest(registrations, contacts, others) as g(registration, contact, other)
    where g.other is not null order by 1, 2
  ) share;

  conversations_of := pg_temp.find_conversations(registrations, contacts, others, false);
  insert into conversations (registration_id, contact)
  select distinct on (g.registration, least(g.contact, g.other)) g.registration, g.contact
  from unnest(registrations, contacts, others, conversations_of) with ordinality as g(registration, contact, other, conversation, number)
  where g.conversation is null
  order by g.registration, least(g.contact, g.other), g.number
  on conflict do nothing;
end
$$;

-- name: take_lines
-- A person has written in each of these conversations, which the caller has locked: nothing automatic is sent beside for as
-- long as the registration says. A longer hold stays, and a line within a minute of another does not write the row again.
-- `due`: the line is a message to be sent, not before then; null: it was sent elsewhere. It changes when its conversation is
-- due where nothing was to be sent, or where it goes before what there is. All of it in one update, since each writes the row
-- and its index entries anew.
create or replace function pg_temp.take_lines(ids bigint[], by_whom text, due timestamptz) returns void
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
  changing bigint[];
  untils timestamptz[];
  begun bigint[];
  overtaking bigint[];
begin
  select
    array_agg(c.id) filter (where h.until is not null or due is not null and c.sending_due is null),
    array_agg(h.until) filter (where h.until is not null or due is not null and c.sending_due is null),
    array_agg(c.id) filter (where h.until is not null and (c.held_until is null or c.held_until <= now())),
    array_agg(c.id) filter (where due is not null and c.sending_due is not null and (c.sending_bulk or exists (
      select from messages m where m.conversation_id = c.id and m.not_before > now() and m.settled_at is null)))
  into changing, untils, begun, overtaking
  from conversations c join registrations r on r.id = c.registration_id
  cross join lateral (
    select case when r.human_hold_s > 0 and (c.held_until is null or c.held_until < u.until - interval '1 minute') then u.until end until
    from (select now() + make_interval(secs => r.human_hold_s) until) u) h
  where c.id = any(ids);

  if changing is not null then
    update conversations c set
      sending_due = case when due is null then c.sending_due else coalesce(c.sending_due, greatest(due, c.paced_until)) end,
      held_until = coalesce(h.until, c.held_until),
      held_by = case when h.until is null then c.held_by else by_whom end,
      held_reason = case when h.until is null then c.held_reason end
    from unnest(changing, untils) h(id, until) where c.id = h.id;
  end if;
  if begun is not null and current_setting('chat_plugin_host.events', true) is distinct from 'off' then
    insert into events (registration_id, conversation_id, type, body)
    select c.registration_id, c.id, 'conversation.held', json_build_object(
      'held', true, 'by', by_whom, 'until', to_char(c.held_until at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    from conversations c where c.id = any(begun) order by c.id;
  end if;
  if overtaking is not null then
    perform pg_temp.refresh_sending(overtaking, '{}', null);
  end if;
end
$$;

-- name: adopt_suppressions
-- Gives what an erasure has left of suppressed contacts to their new conversations, which the caller has locked, but for what
-- was lifted there since: who lifted it did not know of a hash. `erased`: of each name that has one, the number of its
-- conversation in `conversations_of`.
create or replace function pg_temp.adopt_suppressions(registrations bigint[], conversations_of bigint[], erased json) returns void
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
  with adopted as (
    delete from suppressions s using json_to_recordset(erased) as e(number int, hash text)
    where s.registration_id = registrations[e.number] and s.name_hash = e.hash
    returning s.registration_id, conversations_of[e.number] conversation_id, s.purpose, s.source, s.at
  ), added as (
    insert into suppressions (registration_id, conversation_id, purpose, source, at)
    select distinct on (a.conversation_id, a.purpose) a.registration_id, a.conversation_id, a.purpose, a.source, a.at
    from adopted a join conversations c on c.id = a.conversation_id
    where a.at > coalesce(case a.purpose when 'all' then c.all_lifted_at else c.marketing_lifted_at end, '-infinity')
    order by a.conversation_id, a.purpose, a.at
    on conflict do nothing
    returning conversation_id, purpose
  )
  update conversations c set suppressed = case when c.suppressed = 'all' or a.everything then 'all' else 'marketing' end
  from (select conversation_id, bool_or(purpose = 'all') everything from added group by 1) a
  where c.id = a.conversation_id;
end
$$;

-- name: may_have_left
-- Since the last replay an attempt may have left, and `retryUnknown` let the message wait for the next one.
create or replace function pg_temp.may_have_left(attempts int, story jsonb) returns boolean
language sql immutable
as $$
  select attempts > 0 and exists (
    select from jsonb_array_elements(story) with ordinality as tried(entry, number)
    where tried.entry ->> 'outcome' = 'unknown' and tried.number > coalesce((
      select max(other.number) from jsonb_array_elements(story) with ordinality as other(entry, number)
      where other.entry ->> 'kind' = 'replayed'), 0))
$$;

-- name: in_line
-- The messages of a conversation that may be the next, at most three; the one of the lowest rank is. 0: a bulk message that
-- has begun, of which something may have left. 1: the oldest normal one. 2: the oldest bulk one, which a normal one overtakes
-- while it waits. 3: one that is scheduled for later, which holds nothing up. What has expired before it began is in no line.
-- In SQL without settings, so that each caller's plan has it in itself.
create or replace function pg_temp.in_line(conversation bigint)
returns table (id bigint, state text, bulk boolean, due_at timestamptz, rank int, doubt text)
language sql stable
as $$
  (select m.id, m.state, m.bulk, m.due_at, 1, m.doubt from messages m
    where m.conversation_id = conversation and m.settled_at is null and not m.bulk and m.state <> 'gathered'
      and (m.not_before is null or m.not_before <= now())
      and (m.expires_at is null or m.expires_at > now() or m.state <> 'waiting' or m.doubt is not null or m.in_parts)
    order by m.id limit 1)
  union all
  (select m.id, m.state, m.bulk, m.due_at, case when m.state <> 'waiting' or m.doubt is not null or m.in_parts then 0 else 2 end,
      m.doubt
    from messages m
    where m.conversation_id = conversation and m.settled_at is null and m.bulk and m.state <> 'gathered'
      and (m.not_before is null or m.not_before <= now())
      and (m.expires_at is null or m.expires_at > now() or m.state <> 'waiting' or m.doubt is not null or m.in_parts)
    order by m.id limit 1)
  union all
  (select m.id, m.state, m.bulk, m.not_before, 3, m.doubt from messages m
    where m.conversation_id = conversation and m.settled_at is null and m.not_before > now() and m.state <> 'gathered'
    order by m.not_before limit 1)
$$;

-- name: refresh_sending
-- Saves when the next message of each conversation, which the caller has locked, may be sent: not before its contact's rate
-- limit allows it; and its lane, which is the bulk one only if nothing else is in line now. Conversations in `told` have outbox
-- items since `at`; in one update with the other, since each would write the row and its index entries anew.
create or replace function pg_temp.refresh_sending(ids bigint[], told bigint[], at timestamptz) returns void
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
  update conversations c set
    telling_due = coalesce(c.telling_due, case when c.id = any(told) then at end),
    (sending_due, sending_bulk) = (
      -- A scheduled message may come before one that waits for its next attempt, but for one that has begun.
      select min(greatest(line.due_at, c.paced_until)) filter (where line.rank = line.first or line.rank = 3 and line.first > 0),
        coalesce(bool_and(line.bulk) filter (where line.rank < 3 or line.first = 3), false)
      from (select i.bulk, i.due_at, i.rank, min(i.rank) over () first from pg_temp.in_line(c.id) i) line
    )
  where c.id = any(ids);
end
$$;

-- name: refresh_telling
-- Saves when the oldest open outbox item of each conversation, which the caller has locked, is due.
create or replace function pg_temp.refresh_telling(ids bigint[]) returns void
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
  update conversations c set telling_due = (
    select i.due_at from outbox i where i.conversation_id = c.id and i.settled_at is null order by i.id limit 1
  ) where c.id = any(ids);
end
$$;

-- name: wake
-- Adds a job that finds a host for the registrations that no host has claimed for this kind of work. Last in a transaction
-- that added items. A job's attempts are as many as graphile-worker can count, see src/queue/jobs.ts.
create or replace function pg_temp.wake(work text, ids bigint[]) returns void
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
  registration record;
begin
  for registration in
    select r.id, case work when 'send' then r.sending_host else r.telling_host end host
    from registrations r where r.id = any(ids) order by r.id for share
  loop
    if registration.host is null then
      perform graphile_worker.add_job(work, json_build_object('registration', registration.id), max_attempts := 32767);
    end if;
  end loop;
end
$$;

-- name: recheck_unmatched
-- Attempts have returned with these refs: a job rechecks the unmatched statuses that were kept about them, at once.
create or replace function pg_temp.recheck_unmatched(registrations bigint[], refs text[]) returns void
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
  registration bigint;
begin
  for registration in
    select distinct s.registration_id
    from unnest(registrations, refs) as given(registration, ref)
    join early_statuses s on s.registration_id = given.registration and s.ref = given.ref
    order by 1
  loop
    perform graphile_worker.add_job('early', json_build_object('registration', registration, 'all', true),
      job_key := 'early all ' || registration, max_attempts := 32767);
  end loop;
end
$$;

-- name: write_events
-- Writes events of the feed, in their order; src/events/feed.ts says what the caller has locked. Nothing where the host keeps none.
create or replace function pg_temp.write_events(given json) returns void
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
  if current_setting('chat_plugin_host.events', true) is distinct from 'off' then
    insert into events (registration_id, conversation_id, type, body)
    select e.registration, e.conversation, e.type, e.body
    from json_to_recordset(given) as e(registration bigint, conversation bigint, type text, body json);
  end if;
end
$$;

-- name: apply_results
-- Writes results of attempts to their messages, unless another host has claimed a message since; a status that arrived
-- during the attempt stays. `ids` repeats the ids, so that the planner uses the primary key. `only_simple`: nothing was
-- heard of the message during the attempt, which the settling of simple results relies on. Joined by a hash, since a loop,
-- which is right for all other statements, would compare each result with each message.
create or replace function pg_temp.apply_results(ids bigint[], results json, only_simple boolean)
returns table (id bigint, status text, in_parts boolean, doubt text, part_count int)
language plpgsql
set enable_seqscan = off set enable_hashjoin = on set enable_nestloop = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
    update messages m
    set state = e.state, ref = coalesce(e.ref, m.ref), reason = e.reason, later = e.later::json,
      status = coalesce(e.status, m.status), due_at = coalesce(e.due_at, m.due_at), settled_at = e.settled_at,
      attempts = m.attempts - e.uncounted, story = m.story || e.story,
      in_parts = m.in_parts or e.in_parts, part_count = coalesce(e.part_count, m.part_count),
      progress = case when e.state = 'accepted' then null else coalesce(e.progress::json, m.progress) end,
      doubt = case when e.state = 'accepted' then null when m.doubt in ('heard', 'channel') then m.doubt else e.doubt end
    from json_to_recordset(results) as e(
      id bigint, attempts int, replays int, state text, ref text, reason text, later text, status text, due_at timestamptz,
      settled_at timestamptz, uncounted int, story jsonb, in_parts boolean, part_count int, progress text, doubt text, was text)
    where m.id = any(ids) and m.id = e.id and m.state = 'sending' and m.attempts = e.attempts and m.replays = e.replays
      and (not only_simple or m.status is not distinct from e.was and m.doubt is null and not m.in_parts)
    returning m.id, m.status, m.in_parts, m.doubt, m.part_count;
end
$$;
