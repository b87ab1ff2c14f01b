-- Sources that the platform fetches by itself, builds that are called off, slugs made elsewhere, apps set up from an app.json.

alter table sources
    -- Where to fetch it, under AES-256-GCM with the source's id as associated data: it may hold credentials. NULL: it is
    -- uploaded, or was fetched.
    add column url       bytea,
    -- The same without credentials and query, fit to be shown.
    add column shown_url text,
    -- `sha256:…`, which it must have once it is fetched. NULL: any.
    add column checksum  text;

alter table builds
    -- Who called it off. Whoever runs it ends it; NULL: it goes on.
    add column cancelled_by text;
drop trigger changed on builds;
create trigger changed after insert or delete or update of state, next_attempt_at, host_id, cancelled_by
    on builds for each row execute function notify_changed();

-- A slug that a client makes itself: announced here, and in `slugs`, under the same id, once its archive was uploaded.
create table slug_uploads (
    id            uuid primary key,
    app_id        uuid not null references apps on delete cascade,
    stack         text not null,
    -- `sha256:…`, which the archive must have. NULL: any.
    checksum      text,
    commit        text,
    commit_description text,
    buildpack_provided_description text,
    process_types jsonb not null,
    created_at    timestamptz not null default now()
);
create index slug_uploads_app on slug_uploads (app_id);

-- An app that is made from the app.json of its source, step by step.
create table app_setups (
    id              uuid primary key,
    account_id      uuid not null references accounts on delete cascade,
    app_id          uuid not null references apps on delete cascade,
    source_id       uuid not null references sources,
    -- What the client calls this version of its source.
    version         text,
    -- What stands above the app.json: JSON under AES-256-GCM with the setup's id as associated data.
    overrides       bytea not null,
    state           text not null default 'pending'
                    check (state in ('pending', 'building', 'postdeploy', 'succeeded', 'failed')),
    -- Why it failed, in users' words, and what is wrong with the app.json: ["…"].
    failure_message text,
    manifest_errors jsonb not null default '[]',
    build_id        uuid references builds,
    -- What is left to do after the build: {"formation": …, "postdeploy": …}.
    rest            jsonb not null default '{}',
    -- The dyno of the postdeploy script. Its row is forgotten long before this one.
    dyno_id         uuid,
    postdeploy_output    text,
    postdeploy_exit_code integer,
    success_url     text,
    attempt         integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    last_error      text,
    lease_id        uuid,
    lease_expires_at timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);
create index app_setups_open on app_setups (next_attempt_at) where state in ('pending', 'building', 'postdeploy');
create index app_setups_app on app_setups (app_id);
create trigger changed after insert or update of state on app_setups for each row execute function notify_changed();
