-- What the double keeps beside PostgreSQL's own catalog: Oracle's users, roles, grants and object descriptions.
-- Only the engine writes here; dictionary views (views.sql) read it with their owner's rights.

create schema ora_meta;
create table ora_meta.instance (key text primary key, value text not null);
create sequence ora_meta.ids start 100;

create table ora_meta.users (
  username text primary key, user_id int not null default nextval('ora_meta.ids'), authentication text not null default 'PASSWORD',
  verifiers jsonb not null default '[]', locked text not null default '', lock_date timestamp, expired boolean not null default false,
  grace_until timestamp, failures int not null default 0, profile text not null default 'DEFAULT', default_tablespace text not null default 'USERS',
  temporary_tablespace text not null default 'TEMP', created timestamp not null, password_date timestamp, last_login timestamp,
  default_roles text not null default 'ALL', oracle_maintained boolean not null default false, administrative text[] not null default '{}');
create table ora_meta.password_history (
  id bigint generated always as identity primary key, username text not null, changed timestamp not null, verifier jsonb not null);
create index on ora_meta.password_history (username);
create table ora_meta.roles (
  role text primary key, role_id int not null default nextval('ora_meta.ids'), authentication text not null default 'NONE',
  verifier jsonb, schema text, package text, oracle_maintained boolean not null default false);
create table ora_meta.role_grants (
  grantee text, role text, admin boolean not null default false, delegate boolean not null default false,
  is_default boolean not null default true, primary key (grantee, role));
create table ora_meta.schema_grants (grantee text, privilege text, schema text, admin boolean not null default false, primary key (grantee, privilege, schema));
create table ora_meta.sys_grants (grantee text, privilege text, admin boolean not null default false, primary key (grantee, privilege));
create table ora_meta.object_grants (
  grantor text, grantee text, owner text, name text, type text, privilege text, col text not null default '',
  grantable boolean not null default false, hierarchy boolean not null default false,
  primary key (grantor, grantee, owner, name, privilege, col));
create index on ora_meta.object_grants (owner, name);
create index on ora_meta.object_grants (grantee);
create index on ora_meta.role_grants (role);
create table ora_meta.inherit_grants (username text, grantee text, primary key (username, grantee));
create table ora_meta.proxies (
  proxy text, client text, mode text not null default 'ALL', roles text[] not null default '{}',
  authenticated boolean not null default false, primary key (proxy, client));
create table ora_meta.audit_policies (
  name text primary key, condition text, evaluate text not null default 'NONE', top_level boolean not null default false, supplied boolean not null default false);
create table ora_meta.audit_options (
  policy text, kind text, option text, owner text not null default '', name text not null default '', primary key (policy, kind, option, owner, name));
create table ora_meta.audit_enabled (policy text, how text, entity text, success boolean not null, failure boolean not null, primary key (policy, how, entity));
create table ora_meta.audit_contexts (namespace text, attribute text, username text, primary key (namespace, attribute, username));
create table ora_meta.audit_trail (
  id bigint generated always as identity primary key, event_time timestamp not null, sessionid int not null, entry_id int not null, statement_id int not null,
  dbusername text, dbproxy_username text, client_identifier text, os_process text, "current_user" text, action_name text not null, return_code int not null,
  object_schema text, object_name text, sql_text text, sql_binds text, application_contexts text, system_privilege_used text, target_user text, role text,
  system_privilege text, object_privileges text, authentication_type text, policies text);
create index on ora_meta.audit_trail (event_time);
create table ora_meta.profiles (profile text, resource text, type text, lim text, primary key (profile, resource));
create table ora_meta.network_acls (name text primary key, description text);
create table ora_meta.network_aces (
  acl text, place bigint generated always as identity, principal text, is_grant boolean, privilege text, starts timestamp, ends timestamp,
  primary key (acl, principal, is_grant, privilege));
create table ora_meta.network_hosts (acl text, host text, lower_port int, upper_port int);
create table ora_meta.network_wallets (acl text, path text, primary key (path));
create table ora_meta.rsrc_groups (name text primary key);
create table ora_meta.rsrc_grants (grantee text, consumer_group text, grant_option boolean not null, primary key (grantee, consumer_group));
create table ora_meta.rsrc_mappings (attribute text, value text, consumer_group text, pending boolean not null, primary key (attribute, value, pending));
create table ora_meta.rsrc_pending (active boolean primary key);
create table ora_meta.quotas (username text, tablespace text, bytes numeric, primary key (username, tablespace));

create table ora_meta.objects (
  owner text, name text, type text, object_id int not null default nextval('ora_meta.ids'), created timestamp not null,
  changed timestamp not null, text text, target_owner text, target_name text, details jsonb not null default '{}', primary key (owner, name));
create table ora_meta.units (
  owner text, name text, type text, object_id int not null default nextval('ora_meta.ids'), created timestamp not null, changed timestamp not null,
  text text not null, rights text not null, accessible text[] not null default '{}', editionable boolean not null default true,
  valid boolean not null default true, errors jsonb not null default '[]', primary key (owner, name, type));
create table ora_meta.dependencies (
  owner text, name text, type text, r_owner text, r_name text, r_type text, primary key (owner, name, type, r_owner, r_name, r_type));
create index on ora_meta.dependencies (r_owner, r_name);
create table ora_meta.contexts (namespace text primary key, schema text not null, package text not null, shared boolean not null default false);
create unlogged table ora_meta.shared_contexts (
  namespace text, attribute text, username text, client_id text, value text, primary key (namespace, attribute, username, client_id));
create table ora_meta.columns (
  owner text, table_name text, position int, name text, type text, length int, precision int, scale int, chars boolean not null default false,
  nullable boolean not null default true, default_text text, identity text, on_null boolean not null default false,
  primary key (owner, table_name, name));
create table ora_meta.constraints (
  owner text, name text, table_name text, type text, columns text[], condition text, r_owner text, r_name text, delete_rule text,
  generated boolean not null default false, primary key (owner, name));
create table ora_meta.comments (owner text, table_name text, col text not null default '', comments text, primary key (owner, table_name, col));
create table ora_meta.arguments (
  owner text, package text, subprogram text, overload int, position int, argument text, type text, mode text, defaulted boolean);
create unlogged table ora_meta.sessions (
  role text primary key, sid int not null, serial int not null, username text not null, schema text not null, proxy_user text,
  roles text[] not null default '{}', logon timestamp not null, module text, action text, client_identifier text, pid int, of_sid int);

-- Who asks. Views and functions use these; a session cannot forge them, because it logged in with its own engine role.
create function ora.this_session() returns ora_meta.sessions language sql stable security definer set search_path = pg_catalog begin atomic
  select s from ora_meta.sessions s where s.role = session_user; end;
create function ora.definer() returns text language sql stable begin atomic select nullif(current_setting('oracle.definer', true), ''); end;
create function ora.session_user_name() returns text language sql stable begin atomic select (ora.this_session()).username; end;
create function ora.current_user_name() returns text language sql stable begin atomic select coalesce(ora.definer(), ora.session_user_name()); end;
create function ora.current_schema_name() returns text language sql stable begin atomic select coalesce(ora.definer(), (ora.this_session()).schema); end;
create function ora.enabled_grantees() returns text[] language sql stable begin atomic
  select array['PUBLIC', coalesce(ora.definer(), s.username)] || case when ora.definer() is null then s.roles end from ora.this_session() s; end;
create function ora.granted_roles() returns text[] language sql stable security definer set search_path = pg_catalog begin atomic
  with recursive held (role) as (
    select g.role from ora_meta.role_grants g where g.grantee in ('PUBLIC', ora.current_user_name())
    union select g.role from ora_meta.role_grants g join held h on g.grantee = h.role)
  select coalesce(array_agg(role), '{}') from held; end;
create function ora.user_id(name text) returns numeric language sql stable security definer set search_path = pg_catalog begin atomic
  select user_id::numeric from ora_meta.users where username = name; end;

-- What this session sees of a context that all sessions share: what was set for it alone comes first.
create function ora.shared_context(ns text, name text) returns text language sql stable security definer set search_path = pg_catalog begin atomic
  select c.value from ora_meta.shared_contexts c where c.namespace = ns and c.attribute = name
    and c.username in ('', ora.session_user_name()) and c.client_id in ('', coalesce(ora.setting('client_identifier'), ''))
  order by c.client_id desc, c.username desc limit 1; end;
create function ora.local_contexts() returns jsonb language sql stable begin atomic select coalesce(ora.setting('contexts'), '{}')::varchar::jsonb; end;
-- At most 256 bytes, unless a length is given. [D]
create function ora.sys_context(namespace text, parameter text, len numeric default null) returns text language plpgsql stable security definer set search_path = pg_catalog as $$
declare
  ns text := upper(namespace);
  p text := upper(parameter);
begin
  return ora.substrb(
    case when ns = 'USERENV' then ora.userenv(p)
      when ns = 'SYS_SESSION_ROLES' then case when ora.definer() is null and (p = any ((ora.this_session()).roles) or parameter = any ((ora.this_session()).roles)) then 'TRUE' else 'FALSE' end
      else coalesce(ora.local_contexts() -> ns ->> p, ora.shared_context(ns, p)) end,
    1, case when len between 1 and 4000 then trunc(len) else 256 end);
end $$;
create function ora.userenv(p text) returns text language plpgsql stable security definer set search_path = pg_catalog as $$
declare
  s ora_meta.sessions := ora.this_session();
begin
  return case
    when p = 'CURRENT_USER' then ora.current_user_name()
    when p = 'CURRENT_SCHEMA' then ora.current_schema_name()
    when p in ('SESSION_USER', 'AUTHENTICATED_IDENTITY') then s.username
    when p = 'SESSION_USERID' then ora.user_id(s.username)::varchar when p = 'CURRENT_USERID' then ora.user_id(ora.current_user_name())::varchar
    when p = 'CURRENT_SCHEMAID' then ora.user_id(ora.current_schema_name())::varchar
    when p = 'PROXY_USER' then s.proxy_user when p = 'PROXY_USERID' then ora.user_id(s.proxy_user)::varchar
    when p in ('SID', 'SESSIONID', 'UNIFIED_AUDIT_SESSIONID') then coalesce(s.of_sid, s.sid)::varchar
    when p in ('CLIENT_IDENTIFIER', 'MODULE', 'ACTION', 'CLIENT_INFO') then ora.setting(lower(p))
    when p in ('DB_NAME', 'CON_NAME', 'SERVICE_NAME', 'DB_UNIQUE_NAME', 'INSTANCE_NAME', 'CDB_NAME') then ora.instance_value(lower(p))
    when p = 'CON_ID' then '3' when p = 'INSTANCE' then '1' when p = 'ISDBA' then 'FALSE' when p = 'DATABASE_ROLE' then 'PRIMARY'
    when p in ('SERVER_HOST', 'HOST') then 'localhost' when p = 'IP_ADDRESS' then '127.0.0.1' when p = 'LANG' then 'US'
    when p = 'LANGUAGE' then 'AMERICAN_AMERICA.AL32UTF8' when p = 'NLS_DATE_FORMAT' then ora.nls_date_format()
    when p = 'NLS_TERRITORY' then 'AMERICA' when p = 'NLS_SORT' then 'BINARY' when p = 'NLS_CURRENCY' then '$'
    when p = 'AUTHENTICATION_METHOD' then 'PASSWORD' when p = 'NETWORK_PROTOCOL' then 'tcp'
    when p = 'IDENTIFICATION_TYPE' then 'LOCAL' when p = 'SESSION_EDITION_NAME' or p = 'CURRENT_EDITION_NAME' then 'ORA$BASE'
    when p in ('TERMINAL', 'OS_USER', 'GLOBAL_UID', 'ENTERPRISE_IDENTITY', 'POLICY_INVOKER', 'BG_JOB_ID', 'FG_JOB_ID', 'GLOBAL_CONTEXT_MEMORY', 'DB_DOMAIN', 'CURRENT_SQL', 'CURRENT_BIND') then null
    else ora.raise(2003, 'invalid USERENV parameter') end;
end $$;
create function ora.instance_value(k text) returns text language sql stable security definer set search_path = pg_catalog begin atomic
  select value from ora_meta.instance where key = k; end;

-- Objects by name and type: a package body is one of its own. And the subprograms that units offer; a package is there too.
create view ora_meta.named as
  select o.owner, o.name, o.type, o.object_id, o.created, coalesce(u.changed, o.changed) as changed, coalesce(u.valid, true) as valid, u.editionable
  from ora_meta.objects o left join ora_meta.units u on u.owner = o.owner and u.name = o.name and u.type = o.type
  union all select owner, name, type, object_id, created, changed, valid, editionable from ora_meta.units where type = 'PACKAGE BODY';
create view ora_meta.offered as
  select distinct o.owner, o.name, case when o.type = 'PACKAGE' then a.subprogram end as subprogram, o.object_id, o.type, a.overload, coalesce(u.rights, 'DEFINER') as rights
  from ora_meta.arguments a join ora_meta.objects o on o.owner = a.owner and o.name = a.package left join ora_meta.units u on u.owner = o.owner and u.name = o.name and u.type = o.type
  union all select owner, name, null, object_id, type, 0, coalesce((select rights from ora_meta.units u where u.owner = o.owner and u.name = o.name and u.type = o.type), 'DEFINER')
  from ora_meta.objects o where o.type = 'PACKAGE';
