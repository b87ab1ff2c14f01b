-- What setups and sources keep is forgotten when nobody needs it any more.

alter table apps
    -- When somebody last had what its builds keep for one another forgotten. A build that began before keeps nothing.
    add column cache_purged_at timestamptz;

-- They may hold secrets, and are read when a setup begins. Empty: they were forgotten.
update app_setups set overrides = '' where state <> 'pending';

-- It may hold credentials, and nothing is fetched for a build or setup that has ended.
update sources set url = null
where url is not null
  and (exists (select 1 from builds where source_id = sources.id) or exists (select 1 from app_setups where source_id = sources.id))
  and not exists (select 1 from builds where source_id = sources.id and state in ('pending', 'building'))
  and not exists (select 1 from app_setups where source_id = sources.id and state in ('pending', 'building'));

-- What is forgotten is found by these.
create index sources_created on sources (created_at);
create index builds_source on builds (source_id);
create index app_setups_source on app_setups (source_id);
create index slug_uploads_created on slug_uploads (created_at);
