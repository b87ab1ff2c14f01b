-- Slugs in several layers: what an app depends on lies below its own code, and is the same in most of its releases.

alter table slugs
    -- The bottom one first: [{digest, diff_id, size, content}]. NULL: the slug is the one layer that its row tells of. Of a slug
    -- with several, `digest` stands for all of them, and is no blob.
    add column layers jsonb constraint slugs_layers_are_some check (jsonb_array_length(layers) > 0);
