-- The first slice: accounts, apps, builds, releases, dynos, one host, logs.
--
-- States are words under a CHECK; the legal moves are in `crates/model/src/state.rs`. "At most one" is a partial unique
-- index, never code. Constraint names are part of the interface: `crates/db` maps them to errors.

create table accounts (
    id         uuid primary key,
    email      text not null constraint accounts_email_taken unique,
    name       text,
    -- The one made at the first start; it may do everything.
    is_owner   boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table tokens (
    id           uuid primary key,
    account_id   uuid not null references accounts on delete cascade,
    description  text not null,
    -- SHA-256 of the token. Tokens are 256 random bits, so a plain hash cannot be guessed back.
    token_hash   bytea not null constraint tokens_hash_unique unique,
    created_at   timestamptz not null default now()
);
create index tokens_account on tokens (account_id);

create table apps (
    id            uuid primary key,
    name          text not null constraint apps_name_taken unique,
    owner_id      uuid not null references accounts,
    stack         text not null,
    maintenance   boolean not null default false,
    -- The config vars that the next release gets. A failed release leaves its change here (Heroku does).
    config_id     uuid,
    -- Build cache: a blob in the registry, written after a successful build.
    cache_digest  text,
    cache_stack   text,
    repo_size     bigint,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    released_at   timestamptz
);
create index apps_owner on apps (owner_id);

-- Immutable sets of config vars: `vars` is JSON under AES-256-GCM with the app's id as associated data.
create table configs (
    id         uuid primary key,
    app_id     uuid not null references apps on delete cascade,
    vars       bytea not null,
    created_at timestamptz not null default now()
);
create index configs_app on configs (app_id);
alter table apps add constraint apps_config foreign key (config_id) references configs deferrable initially deferred;

create table buildpack_installations (
    app_id  uuid not null references apps on delete cascade,
    ordinal integer not null,
    url     text not null,
    -- Set by detection after the first good build, not by a person.
    pinned  boolean not null default false,
    primary key (app_id, ordinal)
);

-- Uploaded source tarballs (tar + gzip): blobs in the registry.
create table sources (
    id         uuid primary key,
    -- SHA-256 of the secret in the upload and download URL.
    secret_hash bytea not null constraint sources_secret_unique unique,
    account_id uuid not null references accounts on delete cascade,
    -- NULL until something was uploaded.
    digest     text,
    size       bigint,
    created_at timestamptz not null default now()
);
create index sources_account on sources (account_id);

create table slugs (
    id            uuid primary key,
    app_id        uuid not null references apps on delete cascade,
    stack         text not null,
    -- Digest of the gzipped layer blob, of its tar, and its compressed size in bytes.
    digest        text not null,
    diff_id       text not null,
    size          bigint not null,
    -- Full reference that hosts pull: stack layers + slug layer.
    image         text not null,
    commit        text,
    commit_description text,
    buildpack_provided_description text,
    process_types jsonb not null,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now()
);
create index slugs_app on slugs (app_id);

create table builds (
    id               uuid primary key,
    app_id           uuid not null references apps on delete cascade,
    account_id       uuid not null references accounts,
    source_id        uuid not null references sources,
    -- Git commit, or whatever the client calls this version of its source.
    version          text,
    version_description text,
    -- Buildpacks for this build only; NULL: the app's.
    buildpacks       jsonb,
    stack            text not null,
    state            text not null default 'pending' check (state in ('pending', 'building', 'succeeded', 'failed')),
    slug_id          uuid references slugs,
    -- Buildpacks that ran: [{name, url}].
    buildpacks_used  jsonb not null default '[]',
    attempt          integer not null default 0,
    next_attempt_at  timestamptz not null default now(),
    last_error       text,
    lease_id         uuid,
    lease_expires_at timestamptz,
    -- Milliseconds by stage: {"detect": 12, …}.
    stages           jsonb not null default '{}',
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now(),
    constraint builds_lease check ((state = 'building') = (lease_id is not null))
);
create index builds_app on builds (app_id, created_at desc);
create index builds_open on builds (next_attempt_at) where state in ('pending', 'building');
create unique index builds_one_running_per_app on builds (app_id) where state = 'building';

-- What a build prints, in pieces of some lines. `seq` counts from 1 without gaps within a build.
create table build_output (
    build_id uuid not null references builds on delete cascade,
    seq      integer not null,
    chunk    text not null,
    primary key (build_id, seq)
);

create table releases (
    id          uuid primary key,
    app_id      uuid not null references apps on delete cascade,
    version     integer not null check (version > 0),
    state       text not null check (state in ('pending', 'running_phase', 'succeeded', 'failed')),
    description text not null,
    account_id  uuid not null references accounts,
    -- NULL: nothing deployed yet.
    slug_id     uuid references slugs,
    config_id   uuid not null references configs,
    build_id    uuid constraint releases_one_per_build unique references builds,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    constraint releases_version_unique unique (app_id, version)
);
create index releases_open on releases (created_at) where state in ('pending', 'running_phase');

create table formations (
    id         uuid not null unique,
    app_id     uuid not null references apps on delete cascade,
    type       text not null,
    quantity   integer not null check (quantity between 0 and 1000),
    size       text not null,
    -- The shell command, from the newest release's slug.
    command    text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (app_id, type)
);

create table hosts (
    id           uuid primary key,
    name         text not null constraint hosts_name_taken unique,
    state        text not null check (state in ('requested', 'launching', 'joining', 'ready', 'draining', 'lost', 'terminating', 'gone')),
    -- `unix:///var/run/docker.sock`
    endpoint     text not null constraint hosts_endpoint_taken unique,
    -- What dynos may use: the machine less what the system needs.
    memory_mb    integer not null check (memory_mb >= 0),
    cpus         integer not null check (cpus > 0),
    seen_at      timestamptz,
    lease_id     uuid,
    lease_expires_at timestamptz,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);

create table dynos (
    id           uuid primary key,
    app_id       uuid not null references apps on delete cascade,
    release_id   uuid not null references releases on delete cascade,
    kind         text not null check (kind in ('formation', 'one_off', 'release_phase')),
    type         text not null,
    number       integer not null check (number > 0),
    size         text not null,
    command      text not null,
    state        text not null check (state in ('wanted', 'placed', 'starting', 'up', 'stopping', 'gone', 'crashed')),
    host_id      uuid references hosts,
    -- Where routers reach its port, `address:port`. Set while it is starting and up.
    address      text,
    -- Who started it by hand; NULL for the formation.
    account_id   uuid references accounts,
    -- One-off dynos: environment over the config vars, JSON under AES-256-GCM with the dyno's id as associated data.
    env          bytea,
    -- Attached one-off dynos: SHA-256 of the secret in the attach URL. Set to NULL by the one client that used it.
    attach_hash  bytea constraint dynos_attach_unique unique,
    -- Its process is started by the client that attaches, not by the host.
    attach       boolean not null default false,
    tty          boolean not null default false,
    -- Stopped by the platform after this.
    expires_at   timestamptz,
    -- Crashes in a row of this slot and release, this dyno's own included.
    crashes      integer not null default 0,
    -- Crashed dynos: when the slot is filled again.
    restart_at   timestamptz,
    -- Somebody asked for a new dyno in its place.
    restart_requested boolean not null default false,
    exit_code    integer,
    -- Why it waits or ended, fit for users.
    note         text,
    -- When its process was started, became up, was told to stop.
    started_at   timestamptz,
    up_at        timestamptz,
    stopping_at  timestamptz,
    -- Time of the last log entry taken over from its container, in nanoseconds since 1970: engines tell entries apart
    -- by less than a timestamptz can hold.
    logged_until bigint,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    constraint dynos_host check (state in ('wanted', 'gone', 'crashed') or host_id is not null),
    constraint dynos_restart check ((state = 'crashed') = (restart_at is not null))
);
-- Never two dynos of one release in one slot. The old release's may overlap while it is replaced.
create unique index dynos_one_per_slot on dynos (app_id, type, number, release_id)
    where kind = 'formation' and state in ('wanted', 'placed', 'starting', 'up', 'crashed');
create unique index dynos_one_release_phase on dynos (release_id) where kind = 'release_phase';
create index dynos_live on dynos (app_id) where state <> 'gone';
create index dynos_host on dynos (host_id) where state in ('placed', 'starting', 'up', 'stopping');
create index dynos_ended on dynos (updated_at) where state = 'gone';

-- Routers that are alive, so that a dyno is stopped only when every one of them has let go of it.
create table routers (
    id      uuid primary key,
    seen_at timestamptz not null default now()
);
create table drained_dynos (
    dyno_id   uuid not null references dynos on delete cascade,
    router_id uuid not null references routers on delete cascade,
    primary key (dyno_id, router_id)
);

-- The newest lines of each app; older ones are deleted as new ones come.
create table log_lines (
    app_id  uuid not null references apps on delete cascade,
    seq     bigint generated always as identity,
    at      timestamptz not null,
    source  text not null check (source in ('app', 'heroku')),
    process text not null,
    message text not null,
    primary key (app_id, seq)
);

create table log_sessions (
    id          uuid primary key,
    app_id      uuid not null references apps on delete cascade,
    secret_hash bytea not null constraint log_sessions_secret_unique unique,
    lines       integer not null,
    tail        boolean not null,
    source      text,
    process     text,
    expires_at  timestamptz not null,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now()
);

-- One channel, `paas`; the payload is the table's name. It only wakes loops up: every one of them reads for itself.
create function notify_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('paas', tg_table_name);
    return null;
end $$;

-- By row, because a statement that touches none must wake nobody: loops look by `update … where`, and would wake
-- themselves for ever. Equal notifications of a transaction are one. Bookkeeping (leases, cursors) wakes nobody either.
create trigger changed after insert or delete or update of name, maintenance, stack, config_id, released_at
    on apps for each row execute function notify_changed();
create trigger changed after insert or delete or update of state, next_attempt_at
    on builds for each row execute function notify_changed();
create trigger changed after insert or delete or update of state
    on releases for each row execute function notify_changed();
create trigger changed after insert or delete or update of quantity, size, command
    on formations for each row execute function notify_changed();
create trigger changed after insert or delete or update of state, host_id, address, attach_hash, restart_at, restart_requested
    on dynos for each row execute function notify_changed();
create trigger changed after insert or delete or update of state, memory_mb, cpus
    on hosts for each row execute function notify_changed();
create trigger changed after insert on drained_dynos for each row execute function notify_changed();
-- These are only ever inserted, some at least.
create trigger changed after insert on build_output for each statement execute function notify_changed();
create trigger changed after insert on log_lines    for each statement execute function notify_changed();
