-- Of slugs that are images of Dockerfiles (stack `container`): what each process type runs. A slug without rows here is one
-- image for all of its types.
create table container_images (
    slug_id      uuid not null references slugs on delete cascade,
    process_type text not null,
    -- Full reference that hosts pull.
    image        text not null,
    -- Whether what the image itself says runs; the slug's command for the type is for people then.
    own_command  boolean not null,
    primary key (slug_id, process_type)
);
