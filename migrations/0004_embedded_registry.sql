-- The embedded registry, where it listens on a network: one row. Whoever has the key decides who may do what there, so no
-- authority that signs for anybody else is trusted with it.
create table embedded_registry (
    single      boolean primary key default true check (single),
    -- Where it was last started: `10.0.0.1:5050`.
    address     text not null,
    -- What it is given to check tokens with.
    certificate text not null,
    -- PKCS #8 PEM under AES-256-GCM, with the uuid of the number 1 as associated data.
    key         bytea not null,
    created_at  timestamptz not null default now()
);
