-- name: outbox_turn
-- A turn of the outbox: settles the items in `results`, then claims the heads of conversations that are due, the longest due
-- first, as many of each registration as it wants, and answers them as `ClaimedItem` has them. `settled` are the
-- conversations of `ids`.
create or replace function pg_temp.outbox_turn(
  host text, ids bigint[], settled bigint[], results json, wants json, busy bigint[], at timestamptz
) returns table (claimed json)
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  if settled <> '{}' then
    perform pg_temp.lock_conversations(settled);
    perform pg_temp.settle_items(ids, results);
    perform pg_temp.refresh_telling(settled);
  end if;
  return query
    select coalesce(json_agg(json_build_object(
      'id', item.id, 'registrationId', item.registration_id, 'conversationId', item.conversation_id, 'kind', item.kind,
      'body', item.body, 'attempts', item.attempts, 'offeredSince', item.offered_since)), '[]')
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
end
$$;

-- name: settle_items
-- Writes results to their items, but for an item that another host has settled since. `ids` repeats the ids, so that the
-- planner uses the primary key. Joined by a hash, since a loop would compare each result with each item.
create or replace function pg_temp.settle_items(ids bigint[], results json) returns void
language plpgsql
set enable_seqscan = off set enable_hashjoin = on set enable_nestloop = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
  update outbox i
  set state = e.state, reason = e.reason, attempts = i.attempts + 1, due_at = coalesce(e.due_at, i.due_at),
    settled_at = e.settled_at
  from json_to_recordset(results) as e(id bigint, state text, reason text, due_at timestamptz, settled_at timestamptz)
  where i.id = any(ids) and i.id = e.id and i.state = 'waiting';
end
$$;
