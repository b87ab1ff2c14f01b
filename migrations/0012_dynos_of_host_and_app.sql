-- Which apps have, or lately had, dynos on a host: asked before images are removed from it.
create index dynos_host_app on dynos (host_id, app_id);
