-- Who else may use an app, what an owner gives away, and who did what.

create table collaborators (
    id          uuid primary key,
    app_id      uuid not null references apps on delete cascade,
    account_id  uuid not null references accounts on delete cascade,
    -- As in `crates/model/src/permission.rs`. Whoever may do anything may see the app.
    permissions text[] not null,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    constraint collaborators_once unique (app_id, account_id),
    constraint collaborators_permissions check (
        permissions <@ array['view', 'deploy', 'operate', 'manage'] and 'view' = any (permissions)
    )
);
create index collaborators_account on collaborators (account_id);

create table app_transfers (
    id           uuid primary key,
    app_id       uuid not null references apps on delete cascade,
    -- Who owned the app when it was offered.
    owner_id     uuid not null references accounts on delete cascade,
    recipient_id uuid not null references accounts on delete cascade,
    state        text not null default 'pending' check (state in ('pending', 'accepted', 'declined')),
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);
create unique index app_transfers_one_pending on app_transfers (app_id) where state = 'pending';
create index app_transfers_recipient on app_transfers (recipient_id);
create index app_transfers_owner on app_transfers (owner_id);

-- For whom a log session was made: it shows nothing any more once they lose the app. NULL: made before this was noted.
alter table log_sessions add column account_id uuid references accounts on delete cascade;

-- What was changed, or was to be changed, by whom and from where. A row is written before anything is done, and ended
-- with the answer's status; one without a status is of a request that was cut off, or of a server that died. Without
-- foreign keys: these rows outlive what they tell about.
create table audit_events (
    id              uuid primary key,
    at              timestamptz not null default now(),
    -- NULL: nobody with an account (a host that joins).
    account_id      uuid,
    email           text,
    -- Which of the account's tokens: what it is called.
    token           text,
    -- `app.create`
    action          text not null,
    app_id          uuid,
    app_name        text,
    method          text not null,
    -- The route's pattern, never the path: that may hold a secret.
    path            text not null,
    remote_address  text,
    request_id      text,
    status          integer,
    ended_at        timestamptz,
    -- Names of what was changed, never values.
    detail          jsonb not null default '{}',
    constraint audit_events_end check ((status is null) = (ended_at is null))
);
create index audit_events_app on audit_events (app_id, id);
create index audit_events_account on audit_events (account_id, id);
create index audit_events_at on audit_events (at);

-- Only added to: an event without its end gets that, once, and nothing else changes. What is older than 30 days may be
-- deleted, for installations that do not keep it for ever.
create function keep_audit_events() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.status is null
       and (new.id, new.at, new.action, new.method, new.path) = (old.id, old.at, old.action, old.method, old.path)
       and (new.account_id, new.email, new.token, new.remote_address, new.request_id)
           is not distinct from (old.account_id, old.email, old.token, old.remote_address, old.request_id) then
        return new;
    end if;
    if tg_op = 'DELETE' and old.at < now() - interval '30 days' then
        return old;
    end if;
    raise exception 'audit events are not changed' using errcode = 'integrity_constraint_violation';
end $$;
create trigger keep before update or delete on audit_events for each row execute function keep_audit_events();
create trigger keep_all before truncate on audit_events for each statement execute function keep_audit_events();
