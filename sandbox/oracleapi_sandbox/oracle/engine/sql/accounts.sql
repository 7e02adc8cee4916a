-- Account status and expiry, by profile limits and the double's clock.

create function ora.limit_of(p text, r text) returns text language sql stable security definer set search_path = pg_catalog begin atomic
  select case when l.lim = 'DEFAULT' then d.lim else coalesce(l.lim, d.lim) end
  from ora_meta.profiles d left join ora_meta.profiles l on l.profile = p and l.resource = r where d.profile = 'DEFAULT' and d.resource = r; end;
create function ora.days(lim text) returns interval language sql immutable begin atomic
  select case when lim ~ '^[0-9.]+$' then lim::varchar::numeric * interval '86400 seconds' end; end;
create function ora.shown_limit(resource text, lim text) returns text language sql stable begin atomic
  select case when resource = 'PASSWORD_ROLLOVER_TIME' and lim ~ '^[0-9.]+$' and current_setting('oracle.rollover_in_seconds', true) = 'on'
    then round(lim::varchar::numeric * 86400)::varchar::text else lim end; end;
create function ora.clock_now() returns timestamp language sql stable begin atomic select ora.now() at time zone 'UTC'; end;
create function ora.is_expired(u ora_meta.users) returns boolean language sql stable begin atomic
  select u.expired or coalesce(u.grace_until < ora.clock_now(), false); end;
-- The rollover begins with the change of the password; a grace time of 0 is no bound. [D] Of the limits those of now count. [M: users' reports]
create function ora.in_rollover(u ora_meta.users) returns boolean language sql stable begin atomic
  select jsonb_array_length(u.verifiers) > 1 and coalesce(u.password_date + least(ora.days(ora.limit_of(u.profile, 'PASSWORD_ROLLOVER_TIME')),
      ora.days(ora.limit_of(u.profile, 'PASSWORD_LIFE_TIME')), nullif(ora.days(ora.limit_of(u.profile, 'PASSWORD_GRACE_TIME')), interval '0'), ora.days('60'))
    > ora.clock_now(), false); end;
create function ora.account_status(u ora_meta.users) returns text language sql stable begin atomic
  select coalesce(nullif(concat_ws(' & ',
      case when ora.is_expired(u) then 'EXPIRED' when u.grace_until is not null then 'EXPIRED(GRACE)' end,
      case when u.locked = 'LOCKED' then 'LOCKED'
        when u.locked = 'TIMED' and coalesce(u.lock_date + ora.days(ora.limit_of(u.profile, 'PASSWORD_LOCK_TIME')) > ora.clock_now(), true) then 'LOCKED(TIMED)' end), ''), 'OPEN')
    || case when ora.in_rollover(u) or (jsonb_array_length(u.verifiers) > 1 and current_setting('oracle.rollover_lingers', true) = 'on') then ' & IN ROLLOVER' else '' end; end;
create function ora.expiry_date(u ora_meta.users) returns timestamp language sql stable begin atomic
  select coalesce(u.grace_until, u.password_date + ora.days(ora.limit_of(u.profile, 'PASSWORD_LIFE_TIME'))); end;
create function ora.is_active(process int) returns boolean language sql stable security definer set search_path = pg_catalog begin atomic
  select exists (select from pg_stat_activity where pid = process and state = 'active'); end;
create function ora.yes(b boolean) returns text language sql immutable begin atomic select case when b then 'YES' else 'NO' end; end;
create function ora.maintained(who text) returns text language sql stable security definer set search_path = pg_catalog begin atomic
  select ora.yes(exists (select from ora_meta.users where username = who and oracle_maintained)
    or exists (select from ora_meta.roles where role = who and oracle_maintained)); end;
create function ora.proxy_constraint(mode text) returns text language sql immutable begin atomic
  select case mode when 'ALL' then 'PROXY MAY ACTIVATE ALL CLIENT ROLES' when 'NONE' then 'NO CLIENT ROLES MAY BE ACTIVATED'
    when 'EXCEPT' then 'PROXY MAY NOT ACTIVATE ROLE' else 'PROXY MAY ACTIVATE ROLE' end; end;
create function ora.maintained_flag(who text) returns text language sql stable begin atomic select left(ora.maintained(who), 1); end;
create function ora.has_system(privilege text) returns boolean language sql stable security definer set search_path = pg_catalog begin atomic
  select exists (select from ora_meta.sys_grants g where g.grantee = any (ora.enabled_grantees()) and g.privilege = has_system.privilege); end;
create function ora.has_schema(privilege text, owner text) returns boolean language sql stable security definer set search_path = pg_catalog begin atomic
  select exists (select from ora_meta.schema_grants g where g.grantee = any (ora.enabled_grantees()) and g.privilege = has_schema.privilege and g.schema = has_schema.owner); end;
create function ora.sees(o text, n text, t text) returns boolean language sql stable security definer set search_path = pg_catalog begin atomic
  select o in (ora.current_user_name(), 'PUBLIC') or (t = 'PACKAGE BODY' and ora.has_system('CREATE ANY PROCEDURE'))
    or (t <> 'PACKAGE BODY' and exists (select from ora_meta.object_grants g where g.owner = o and g.name = n and g.grantee = any (ora.enabled_grantees())))
    or (o <> 'SYS' and t in ('TABLE', 'VIEW', 'INDEX', 'SYNONYM') and (ora.has_system('SELECT ANY TABLE') or ora.has_system('INSERT ANY TABLE')
      or ora.has_system('UPDATE ANY TABLE') or ora.has_system('DELETE ANY TABLE')))
    or (t in ('TABLE', 'VIEW', 'INDEX', 'SYNONYM') and (ora.has_schema('SELECT ANY TABLE', o) or ora.has_schema('READ ANY TABLE', o)
      or ora.has_schema('INSERT ANY TABLE', o) or ora.has_schema('UPDATE ANY TABLE', o) or ora.has_schema('DELETE ANY TABLE', o)))
    or (t = 'SEQUENCE' and ora.has_schema('SELECT ANY SEQUENCE', o)) or (t in ('PACKAGE', 'PROCEDURE', 'FUNCTION') and ora.has_schema('EXECUTE ANY PROCEDURE', o))
    or (t = 'SEQUENCE' and ora.has_system('SELECT ANY SEQUENCE')) or (t in ('PACKAGE', 'PROCEDURE', 'FUNCTION') and o <> 'SYS' and ora.has_system('EXECUTE ANY PROCEDURE'))
    or (o = 'SYS' and ora.has_system('SELECT ANY DICTIONARY')); end;
