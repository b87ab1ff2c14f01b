-- An event is ended by its status, and by nothing else.
create or replace function keep_audit_events() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.status is null and new.status is not null
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
