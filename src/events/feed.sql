-- name: place_events
-- Gives positions in the feed to events that have none, at most so many, and answers how many those were, and the last
-- position that there is. All of it is right only as feed.ts says: the rows are read by a statement of its own, after the
-- lock was taken.
create or replace function pg_temp.place_events(most int) returns table (placed int, last bigint)
language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  number int := 0;
begin
  -- Without the lock, so that readers who find nothing do not wait for each other.
  if exists (select from events e where e.position is null) then
    perform pg_advisory_xact_lock(hashtext('chat_plugin_host.events'));
    with due as materialized (
      select e.id from events e where e.position is null order by e.id limit most
    ), numbered as materialized (
      select due.id, nextval('event_positions') position from due
    )
    update events e set position = numbered.position
    from numbered where e.id = numbered.id and e.position is null;
    get diagnostics number = row_count;
  end if;
  return query select number, (
    select e.position from events e where e.position is not null order by e.position desc limit 1
  );
end
$$;
