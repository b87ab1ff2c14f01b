-- What is not kept any more: slugs and sources that are collected, images that are still to be deleted, and how full disks are.

alter table slugs
    -- Since when nothing keeps it: its image and its layer go from the registry. NULL: it is kept.
    add column collected_at timestamptz;
create index slugs_kept on slugs (app_id) where collected_at is null;

alter table sources
    -- Since when its archive is not kept any more: every build of it ended long before. NULL: it is kept.
    add column collected_at timestamptz;

-- Images that no kept slug has, until the registry has forgotten them. Without foreign keys: the app may be gone.
create table registry_garbage (
    -- `HOST/apps/ID@sha256:…`
    image           text primary key,
    app_id          uuid not null,
    next_attempt_at timestamptz not null default now(),
    -- Why the registry did not delete it.
    last_error      text,
    created_at      timestamptz not null default now()
);
create index registry_garbage_due on registry_garbage (next_attempt_at);

-- The embedded registry's disk, as the process that owns it last saw it: one row.
create table registry_usage (
    single      boolean primary key default true check (single),
    -- Of its file system.
    disk_bytes  bigint not null,
    free_bytes  bigint not null,
    looked_at   timestamptz not null default now(),
    -- Of its blobs: {"slugs": …, "caches": …}. Counted less often.
    kinds       jsonb not null default '{}',
    -- Of blobs that nothing names: they go when they are a day old.
    unused_bytes bigint not null default 0,
    counted_at  timestamptz
);

-- How full hosts' disks are.
create table host_disks (
    host_id    uuid primary key references hosts on delete cascade,
    -- Of the file system that its engine stores on.
    bytes      bigint not null,
    free_bytes bigint not null,
    looked_at  timestamptz not null default now()
);
