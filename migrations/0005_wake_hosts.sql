-- Wake-ups of one host: besides the table's name, `dynos:HOST` for each host that a changed dyno is or was on, and
-- `releases:HOST` for each host that runs the app of a changed release. So a change wakes the executors that it is about,
-- however many hosts there are.

create function notify_dyno_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('paas', tg_table_name);
    if tg_op <> 'INSERT' and old.host_id is not null then
        perform pg_notify('paas', tg_table_name || ':' || old.host_id);
    end if;
    if tg_op <> 'DELETE' and new.host_id is not null then
        perform pg_notify('paas', tg_table_name || ':' || new.host_id);
    end if;
    return null;
end $$;

create function notify_release_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('paas', tg_table_name);
    if tg_op <> 'DELETE' then
        perform pg_notify('paas', tg_table_name || ':' || host_id)
        from (select distinct host_id from dynos where app_id = new.app_id and state <> 'gone' and host_id is not null) as runs;
    end if;
    return null;
end $$;

drop trigger changed on dynos;
create trigger changed after insert or delete or update of state, host_id, address, attach_hash, restart_at, restart_requested
    on dynos for each row execute function notify_dyno_changed();
drop trigger changed on releases;
create trigger changed after insert or delete or update of state
    on releases for each row execute function notify_release_changed();
