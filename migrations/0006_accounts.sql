-- People: passwords, second factors, keys, invitations. Tokens: what they may be used for, for how long, on whose behalf.

alter table accounts
    -- Argon2id, as a PHC string. NULL: no password, so only tokens log in.
    add column password_hash        text,
    -- Sealed for the account's id; asked for at logins once it is confirmed.
    add column totp_secret          bytea,
    add column totp_confirmed_at    timestamptz,
    -- The newest 30 seconds whose code was used: each is good once.
    add column two_factor_last_step bigint,
    add column last_login           timestamptz,
    add column allow_tracking       boolean not null default false,
    add column beta                 boolean not null default false,
    -- Somebody has asked for a new password; the installation's owner makes the link.
    add column reset_requested_at   timestamptz,
    -- The row stays for the history of apps; nothing personal stays in it.
    add column deleted_at           timestamptz;
create unique index accounts_email_folded on accounts (lower(email));

create table recovery_codes (
    account_id uuid not null references accounts on delete cascade,
    -- SHA-256 of 80 random bits.
    hash       bytea not null,
    used_at    timestamptz,
    primary key (account_id, hash)
);

-- Guesses of passwords and second factors. `subject` is the hash of an address of either kind.
create table login_attempts (
    subject  bytea primary key,
    attempts integer not null,
    since    timestamptz not null default now()
);
create index login_attempts_since on login_attempts (since);

create table oauth_clients (
    id           uuid primary key,
    account_id   uuid not null references accounts on delete cascade,
    name         text not null,
    redirect_uri text not null,
    -- Sealed for the client's id, because its owner may look at it; hashed, because tokens are asked for with it alone.
    secret       bytea not null,
    secret_hash  bytea not null constraint oauth_clients_secret_unique unique,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);
create index oauth_clients_account on oauth_clients (account_id);

alter table tokens
    add column scope        text[] not null default '{global}' constraint tokens_scope check (
        scope <> '{}'
        and scope <@ array['global', 'identity', 'read', 'write', 'read-protected', 'write-protected']
    ),
    add column expires_at   timestamptz,
    -- Its first and last letters, by which clients recognise their own. NULL until a token from before this is used.
    add column hint         text,
    add column client_id    uuid references oauth_clients on delete cascade,
    add column refresh_hash bytea constraint tokens_refresh_unique unique,
    -- Of a login in a browser.
    add column is_session   boolean not null default false,
    add column last_used_at timestamptz,
    -- When the secret was made; a new one lasts as long as this one did.
    add column issued_at    timestamptz not null default now(),
    add column updated_at   timestamptz not null default now();

-- What a person has allowed a client, until the client turns it into a token.
create table oauth_grants (
    id         uuid primary key,
    client_id  uuid not null references oauth_clients on delete cascade,
    account_id uuid not null references accounts on delete cascade,
    scope      text[] not null,
    code_hash  bytea not null constraint oauth_grants_code_unique unique,
    -- What it was turned into; given back when the code is used again, because then somebody has stolen it.
    token_id   uuid references tokens on delete set null,
    used_at    timestamptz,
    expires_at timestamptz not null,
    created_at timestamptz not null default now()
);

create index oauth_grants_client on oauth_grants (client_id);
create index oauth_grants_token on oauth_grants (token_id);
create index tokens_client on tokens (client_id);

create table keys (
    id          uuid primary key,
    account_id  uuid not null references accounts on delete cascade,
    public_key  text not null,
    comment     text not null,
    -- MD5, in pairs of digits with colons.
    fingerprint text not null constraint keys_fingerprint_taken unique,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now()
);
create index keys_account on keys (account_id);

create table invitations (
    id          uuid primary key,
    email       text not null,
    invited_by  uuid not null references accounts on delete cascade,
    secret_hash bytea not null constraint invitations_secret_unique unique,
    expires_at  timestamptz not null,
    accepted_at timestamptz,
    created_at  timestamptz not null default now()
);

create table password_resets (
    id          uuid primary key,
    account_id  uuid not null references accounts on delete cascade,
    secret_hash bytea not null constraint password_resets_secret_unique unique,
    -- The second factor is lost too: it goes when the link is used, and not before.
    two_factor_off boolean not null default false,
    expires_at  timestamptz not null,
    used_at     timestamptz,
    created_at  timestamptz not null default now()
);

-- A command line that waits for somebody to log in with a browser.
create table browser_logins (
    id          uuid primary key,
    -- Of the page's URL, and of the token that the command line asks with.
    page_hash   bytea not null constraint browser_logins_page_unique unique,
    client_hash bytea not null constraint browser_logins_client_unique unique,
    description text not null,
    state       text not null default 'waiting' check (state in ('waiting', 'allowed', 'refused', 'taken')),
    account_id  uuid references accounts on delete cascade,
    expires_at  timestamptz not null,
    created_at  timestamptz not null default now()
);

create table user_preferences (
    account_id  uuid primary key references accounts on delete cascade,
    preferences jsonb not null default '{}'
);
