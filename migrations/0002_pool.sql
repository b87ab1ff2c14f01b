-- Many hosts: pools that launch machines, hosts that join by token, controllers that share the hosts out among them.

-- A group of machines that the platform launches and ends by itself. Hosts that joined by hand have none.
create table pools (
    id               uuid primary key,
    name             text not null constraint pools_name_taken unique,
    min_hosts        integer not null default 0,
    max_hosts        integer not null,
    -- Every host of the pool has these: {"role": "build"}.
    labels           jsonb not null default '{}',
    -- The provider's names, any of which will do.
    instance_types   text[] not null constraint pools_some_type check (cardinality(instance_types) > 0),
    zones            text[] not null constraint pools_some_zone check (cardinality(zones) > 0),
    purchase         text not null default 'on_demand' check (purchase in ('on_demand', 'spot', 'spot_first')),
    -- The machine image (AMI) that hosts start from, and whether those that started from another one are replaced.
    image            text not null,
    replace_outdated boolean not null default true,
    -- Zone to subnet; zones that are not in it get the provider's default.
    subnets          jsonb not null default '{}',
    security_groups  text[] not null default '{}',
    key_name         text,
    instance_profile text,
    disk_gb          integer not null default 50 constraint pools_disk check (disk_gb between 8 and 16384),
    -- No launch is tried before this: the provider throttles us, or refuses what the pool asks for.
    launch_after     timestamptz,
    -- Why the last launch failed, fit for operators.
    last_error       text,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now(),
    constraint pools_size check (min_hosts >= 0 and max_hosts >= min_hosts and max_hosts <= 1000)
);

-- What the provider has none of for now.
create table pool_shortages (
    pool_id       uuid not null references pools on delete cascade,
    instance_type text not null,
    zone          text not null,
    spot          boolean not null,
    until         timestamptz not null,
    primary key (pool_id, instance_type, zone, spot)
);

alter table hosts
    -- Launched hosts have none until they join: `tcp://10.0.0.5:2376/?name=…`.
    alter column endpoint drop not null,
    add column pool_id        uuid references pools,
    add column zone           text not null default 'local',
    add column labels         jsonb not null default '{}',
    -- The provider's name of the machine; NULL: none was asked for, or nobody knows whether it was.
    add column machine_id     text constraint hosts_machine_taken unique,
    add column instance_type  text,
    add column spot           boolean not null default false,
    add column image          text,
    -- Millionths of a dollar an hour; 0: not ours to pay, or not known.
    add column price_micros   bigint not null default 0,
    -- When it entered its state.
    add column since          timestamptz not null default now(),
    -- Why it is lost: an engine that does not answer may still run its dynos, a machine that is gone does not.
    add column fault          text check (fault in ('engine_unreachable', 'machine_gone')),
    -- Since when the pool could have done without it.
    add column spare_since    timestamptz,
    -- When the provider said that it takes the machine back.
    add column interrupted_at timestamptz,
    -- A person asked: only a person makes it ready again.
    add column drain_requested boolean not null default false,
    -- Why it is in its state, fit for operators: what drains it, the engine's last error.
    add column reason         text,
    add column engine_version text,
    -- SHA-256 of the secret that renews its certificate. NULL: it has none, or was removed.
    add column renewal_hash   bytea constraint hosts_renewal_unique unique,
    add column certificate_expires_at timestamptz;
-- The names of hosts that are gone are free again.
alter table hosts drop constraint hosts_name_taken;
create unique index hosts_name_taken on hosts (name) where state <> 'gone';
create index hosts_pool on hosts (pool_id) where state <> 'gone';

-- A host joins with one of these, once.
create table join_tokens (
    id         uuid primary key,
    token_hash bytea not null constraint join_tokens_hash_unique unique,
    -- The host it is for: a launched machine's from the start, any other's once it was used.
    host_id    uuid references hosts on delete cascade,
    -- What a host that joins by hand is to be called (NULL: what it calls itself), and how it is labelled.
    name       text,
    labels     jsonb not null default '{}',
    -- SHA-256 of the public key it was used with: the same key may ask again, as an answer may get lost.
    key_hash   bytea,
    account_id uuid references accounts on delete cascade,
    expires_at timestamptz not null,
    created_at timestamptz not null default now()
);
create index join_tokens_host on join_tokens (host_id);

-- The certificate authority that hosts, routers and clients trust: one row.
create table authority (
    single      boolean primary key default true check (single),
    certificate text not null,
    -- PKCS #8 PEM under AES-256-GCM, with the nil uuid as associated data.
    key         bytea not null,
    created_at  timestamptz not null default now()
);

-- Controllers that are alive: hosts are shared out among them by leases on host rows.
create table controllers (
    id      uuid primary key,
    seen_at timestamptz not null default now()
);

alter table apps
    -- Where its dynos may go: {"dedicated": "payments"} is a host with that label, and no other app's.
    add column labels         jsonb not null default '{}',
    -- The first dyno of a new release must be up for this long before the others follow. NULL: no such step.
    add column canary_seconds integer check (canary_seconds between 1 and 3600),
    -- A web dyno is up when a GET of this path answers 2xx or 3xx. NULL: when its port takes a connection.
    add column health_path    text check (health_path like '/%');

alter table formations
    -- Never two at once: not started elsewhere while its host may still run it.
    add column singleton boolean not null default false;
update formations set singleton = true where type = 'clock';

alter table builds
    -- Where it runs; placed by the planner, NULL again when an attempt of ours broke off.
    add column host_id uuid references hosts;

create trigger changed after insert or delete or update of min_hosts, max_hosts, labels, instance_types, zones, purchase,
    image, replace_outdated, launch_after on pools for each row execute function notify_changed();
drop trigger changed on hosts;
create trigger changed after insert or delete or update of state, memory_mb, cpus, endpoint, zone, labels, fault,
    interrupted_at, drain_requested, machine_id, lease_id on hosts for each row execute function notify_changed();
drop trigger changed on apps;
create trigger changed after insert or delete or update of name, maintenance, stack, config_id, released_at, labels,
    canary_seconds on apps for each row execute function notify_changed();
drop trigger changed on builds;
create trigger changed after insert or delete or update of state, next_attempt_at, host_id
    on builds for each row execute function notify_changed();
