-- Root shells on hosts: who opened one, where, and when. The rows stay, as a record.
create table host_shells (
    id          uuid primary key,
    host_id     uuid not null references hosts,
    account_id  uuid references accounts on delete set null,
    -- SHA-256 of the secret in its attach URL. NULL: it was used.
    attach_hash bytea constraint host_shells_attach_unique unique,
    -- Empty: a login shell.
    command     text[] not null,
    tty         boolean not null,
    -- When the server that the client is connected to last said so. What nobody looks after is removed.
    seen_at     timestamptz not null default now(),
    exit_code   integer,
    ended_at    timestamptz,
    created_at  timestamptz not null default now()
);
create index host_shells_host on host_shells (host_id) where ended_at is null;
