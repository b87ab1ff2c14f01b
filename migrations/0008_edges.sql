-- Where apps answer besides NAME.DOMAIN, with which certificates, and where their log lines go.

create table sni_endpoints (
    id                uuid primary key,
    app_id            uuid not null references apps on delete cascade,
    name              text not null constraint sni_endpoints_name_taken unique,
    display_name      text,
    -- PEM, the leaf first.
    certificate_chain text not null,
    -- PEM under AES-256-GCM, with the endpoint's id as associated data.
    private_key       bytea not null,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now()
);
create index sni_endpoints_app on sni_endpoints (app_id);

create table domains (
    id              uuid primary key,
    app_id          uuid not null references apps on delete cascade,
    -- Lower case, ASCII; `*.example.com` is every name below example.com that nobody has by itself.
    hostname        text not null constraint domains_hostname_taken unique,
    -- What users point DNS at; never given out twice at a time.
    cname           text not null constraint domains_cname_taken unique,
    sni_endpoint_id uuid references sni_endpoints on delete set null,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);
create index domains_app on domains (app_id);
create index domains_sni_endpoint on domains (sni_endpoint_id);

create table log_drains (
    id               uuid primary key,
    app_id           uuid not null references apps on delete cascade,
    -- Under AES-256-GCM with the drain's id as associated data: it may hold a password.
    url              bytea not null,
    -- SHA-256 of the URL and the app's id, to find it by.
    url_hash         bytea not null constraint log_drains_url_taken unique,
    token            text not null constraint log_drains_token_taken unique,
    -- The place in the app's log up to which lines were delivered, or dropped.
    delivered_seq    bigint not null,
    -- Lines that were dropped and not yet told of (L10), and the time of the first of them.
    dropped          bigint not null default 0,
    dropped_since    timestamptz,
    lease_id         uuid,
    lease_expires_at timestamptz,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now()
);
create index log_drains_app on log_drains (app_id);

-- What is switched on.
create table app_features (
    app_id     uuid not null references apps on delete cascade,
    name       text not null,
    created_at timestamptz not null default now(),
    primary key (app_id, name)
);

create trigger changed after insert or delete or update of hostname, sni_endpoint_id
    on domains for each row execute function notify_changed();
create trigger changed after insert or delete or update of certificate_chain, private_key
    on sni_endpoints for each row execute function notify_changed();
create trigger changed after insert or delete or update of lease_id
    on log_drains for each row execute function notify_changed();
