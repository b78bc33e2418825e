import type { Statement } from "effect/sql/Statement"
import type { DomainEvent } from "../model/DomainEvent.ts"
import * as SqlRow from "./SqlRow.ts"
import type { SqlTables } from "./SqlTables.ts"

/**
 * The statement that records transitions: one round trip, one transaction. Only what is not there yet makes rows of the
 * registry, and only what is newer than the transition that such a row comes from: `afterEvent` of Projection, in SQL.
 * Every writer takes the rows in one order, so that two never wait for each other. The runs are locked against being
 * closed meanwhile, so that nothing of a run that was taken for lost is applied after what took over.
 */
export const insert = (
  { event, registry, run, sql }: SqlTables,
  events: ReadonlyArray<DomainEvent>
): Statement<object> => {
  const columns = sql.literal(SqlRow.eventColumns)
  return sql`with fresh as (
      insert into ${event} (${columns})
      select ${sql.literal(SqlRow.eventValues)}
      from unnest(${sql.csv(SqlRow.eventArrays(events).map((array) => sql`${array}`))}) as _(${columns})
      order by id
      on conflict (id) do nothing
      returning id, run_id, node, domain_name, generation, tick_count, to_status, reason, occurred_at
    ), ended as (
      select run_id from (
        select run_id, ended_at from ${run} where run_id in (select run_id from fresh) for share
      ) as known where ended_at is not null
    ), newer as (
      select fresh.* from fresh left join ${registry} as r using (domain_name)
      where (r.metadata->>'eventId' < fresh.id::text collate "C") is not false
        and fresh.run_id not in (select run_id from ended)
    ), activation as (
      select distinct on (domain_name) domain_name, occurred_at as activated_at
      from newer where to_status = 'active' order by domain_name, id desc
    ), latest as (
      select distinct on (domain_name) * from newer order by domain_name, id desc
    )
    insert into ${registry} as r (domain_name, status, tick_count, metadata, activated_at, updated_at)
    select
      domain_name,
      case when to_status in ('active', 'crashed', 'restarting') then to_status else 'inactive' end,
      tick_count,
      jsonb_build_object('state', to_status, 'generation', generation, 'reason', reason, 'runId', run_id,
        'node', node, 'eventId', id),
      activated_at,
      occurred_at
    from latest left join activation using (domain_name)
    order by domain_name
    on conflict (domain_name) do update set
      status = excluded.status,
      tick_count = excluded.tick_count,
      metadata = r.metadata || excluded.metadata,
      activated_at = coalesce(excluded.activated_at, r.activated_at),
      updated_at = excluded.updated_at
    where (r.metadata->>'eventId' < excluded.metadata->>'eventId' collate "C") is not false`
}
