-- Dictionary views of roles, grants, proxies, contexts and auditing; how the lines are read: views.sql. With definer's rights the
-- current user is the unit's owner, who has no roles. Columns: Oracle Database Reference 19c. [D]

-- DBA_ROLES | SELECT_CATALOG_ROLE | DBA_ROLES
select role as "ROLE", role_id::numeric as "ROLE_ID", case authentication when 'NONE' then 'NO' else 'YES' end as "PASSWORD_REQUIRED",
  authentication as "AUTHENTICATION_TYPE", case when oracle_maintained then 'YES' else 'NO' end as "COMMON", case when oracle_maintained then 'Y' else 'N' end as "ORACLE_MAINTAINED",
  case when oracle_maintained then 'YES' else 'NO' end as "INHERITED", 'NO'::text as "IMPLICIT", null::text as "EXTERNAL_NAME" from ora_meta.roles;
-- DBA_APPLICATION_ROLES | SELECT_CATALOG_ROLE | DBA_APPLICATION_ROLES
select role as "ROLE", schema as "SCHEMA", package as "PACKAGE" from ora_meta.roles where authentication = 'APPLICATION';
-- USER_APPLICATION_ROLES | PUBLIC | USER_APPLICATION_ROLES
select r.role as "ROLE", r.schema as "SCHEMA", r.package as "PACKAGE" from ora_meta.roles r join ora_meta.role_grants g on g.role = r.role
where r.authentication = 'APPLICATION' and g.grantee = ora.current_user_name();
-- DBA_ROLE_PRIVS | SELECT_CATALOG_ROLE | DBA_ROLE_PRIVS
select g.grantee as "GRANTEE", g.role as "GRANTED_ROLE", ora.yes(g.admin) as "ADMIN_OPTION", ora.yes(g.delegate) as "DELEGATE_OPTION",
  ora.yes(g.is_default) as "DEFAULT_ROLE", ora.maintained(g.grantee) as "COMMON", 'NO'::text as "INHERITED" from ora_meta.role_grants g;
-- USER_ROLE_PRIVS | PUBLIC | USER_ROLE_PRIVS
select g.grantee as "USERNAME", g.role as "GRANTED_ROLE", ora.yes(g.admin) as "ADMIN_OPTION", ora.yes(g.delegate) as "DELEGATE_OPTION",
  ora.yes(g.is_default) as "DEFAULT_ROLE", 'NO'::text as "OS_GRANTED", ora.maintained(g.grantee) as "COMMON", 'NO'::text as "INHERITED"
from ora_meta.role_grants g where g.grantee in (ora.current_user_name(), 'PUBLIC');
-- ROLE_ROLE_PRIVS | PUBLIC | ROLE_ROLE_PRIVS
select g.grantee as "ROLE", g.role as "GRANTED_ROLE", ora.yes(g.admin) as "ADMIN_OPTION", ora.maintained(g.grantee) as "COMMON", 'NO'::text as "INHERITED"
from ora_meta.role_grants g where g.grantee = any (ora.granted_roles());
-- DBA_SYS_PRIVS | SELECT_CATALOG_ROLE | DBA_SYS_PRIVS
select grantee as "GRANTEE", privilege as "PRIVILEGE", ora.yes(admin) as "ADMIN_OPTION", ora.maintained(grantee) as "COMMON", 'NO'::text as "INHERITED" from ora_meta.sys_grants;
-- USER_SYS_PRIVS | PUBLIC | USER_SYS_PRIVS
select grantee as "USERNAME", privilege as "PRIVILEGE", ora.yes(admin) as "ADMIN_OPTION", ora.maintained(grantee) as "COMMON", 'NO'::text as "INHERITED"
from ora_meta.sys_grants where grantee in (ora.current_user_name(), 'PUBLIC');
-- DBA_SCHEMA_PRIVS | SELECT_CATALOG_ROLE | DBA_SCHEMA_PRIVS | 23
select grantee as "GRANTEE", privilege as "PRIVILEGE", schema as "SCHEMA", ora.yes(admin) as "ADMIN_OPTION", ora.maintained(grantee) as "COMMON", 'NO'::text as "INHERITED"
from ora_meta.schema_grants;
-- USER_SCHEMA_PRIVS | PUBLIC | USER_SCHEMA_PRIVS | 23
select grantee as "USERNAME", privilege as "PRIVILEGE", schema as "SCHEMA", ora.yes(admin) as "ADMIN_OPTION", ora.maintained(grantee) as "COMMON", 'NO'::text as "INHERITED"
from ora_meta.schema_grants where grantee in (ora.current_user_name(), 'PUBLIC');
-- ROLE_SYS_PRIVS | PUBLIC | ROLE_SYS_PRIVS
select grantee as "ROLE", privilege as "PRIVILEGE", ora.yes(admin) as "ADMIN_OPTION", ora.maintained(grantee) as "COMMON", 'NO'::text as "INHERITED"
from ora_meta.sys_grants where grantee = any (ora.granted_roles());
-- DBA_TAB_PRIVS | SELECT_CATALOG_ROLE | DBA_TAB_PRIVS
select grantee as "GRANTEE", owner as "OWNER", name as "TABLE_NAME", grantor as "GRANTOR", privilege as "PRIVILEGE", ora.yes(grantable) as "GRANTABLE",
  ora.yes(hierarchy) as "HIERARCHY", ora.maintained(owner) as "COMMON", type as "TYPE", 'NO'::text as "INHERITED" from ora_meta.object_grants where col = ''
union all select grantee, 'SYS', username, username, 'INHERIT PRIVILEGES', 'NO', 'NO', ora.maintained(username), 'USER', 'NO' from ora_meta.inherit_grants;
-- ALL_TAB_PRIVS | PUBLIC | ALL_TAB_PRIVS
select grantor as "GRANTOR", grantee as "GRANTEE", owner as "TABLE_SCHEMA", name as "TABLE_NAME", privilege as "PRIVILEGE", ora.yes(grantable) as "GRANTABLE",
  ora.yes(hierarchy) as "HIERARCHY", ora.maintained(owner) as "COMMON", type as "TYPE", 'NO'::text as "INHERITED" from ora_meta.object_grants
where col = '' and (grantee = any (ora.enabled_grantees()) or ora.current_user_name() in (owner, grantor))
union all select username, grantee, 'SYS', username, 'INHERIT PRIVILEGES', 'NO', 'NO', ora.maintained(username), 'USER', 'NO' from ora_meta.inherit_grants
where grantee = any (ora.enabled_grantees()) or ora.current_user_name() = username;
-- USER_TAB_PRIVS | PUBLIC | USER_TAB_PRIVS
select grantee as "GRANTEE", owner as "OWNER", name as "TABLE_NAME", grantor as "GRANTOR", privilege as "PRIVILEGE", ora.yes(grantable) as "GRANTABLE",
  ora.yes(hierarchy) as "HIERARCHY", ora.maintained(owner) as "COMMON", type as "TYPE", 'NO'::text as "INHERITED" from ora_meta.object_grants
where col = '' and ora.current_user_name() in (owner, grantor, grantee)
union all select grantee, 'SYS', username, username, 'INHERIT PRIVILEGES', 'NO', 'NO', ora.maintained(username), 'USER', 'NO' from ora_meta.inherit_grants
where ora.current_user_name() in (username, grantee);
-- ALL_TAB_PRIVS_MADE | PUBLIC | ALL_TAB_PRIVS_MADE
select grantee as "GRANTEE", owner as "OWNER", name as "TABLE_NAME", grantor as "GRANTOR", privilege as "PRIVILEGE", ora.yes(grantable) as "GRANTABLE",
  ora.yes(hierarchy) as "HIERARCHY", ora.maintained(owner) as "COMMON", type as "TYPE", 'NO'::text as "INHERITED" from ora_meta.object_grants
where col = '' and ora.current_user_name() in (owner, grantor);
-- ALL_TAB_PRIVS_RECD | PUBLIC | ALL_TAB_PRIVS_RECD
select grantee as "GRANTEE", owner as "OWNER", name as "TABLE_NAME", grantor as "GRANTOR", privilege as "PRIVILEGE", ora.yes(grantable) as "GRANTABLE",
  ora.yes(hierarchy) as "HIERARCHY", ora.maintained(owner) as "COMMON", type as "TYPE", 'NO'::text as "INHERITED" from ora_meta.object_grants
where col = '' and grantee = any (ora.enabled_grantees());
-- USER_TAB_PRIVS_MADE | PUBLIC | USER_TAB_PRIVS_MADE
select grantee as "GRANTEE", name as "TABLE_NAME", grantor as "GRANTOR", privilege as "PRIVILEGE", ora.yes(grantable) as "GRANTABLE",
  ora.yes(hierarchy) as "HIERARCHY", ora.maintained(owner) as "COMMON", type as "TYPE", 'NO'::text as "INHERITED" from ora_meta.object_grants
where col = '' and owner = ora.current_user_name();
-- USER_TAB_PRIVS_RECD | PUBLIC | USER_TAB_PRIVS_RECD
select owner as "OWNER", name as "TABLE_NAME", grantor as "GRANTOR", privilege as "PRIVILEGE", ora.yes(grantable) as "GRANTABLE",
  ora.yes(hierarchy) as "HIERARCHY", ora.maintained(owner) as "COMMON", type as "TYPE", 'NO'::text as "INHERITED" from ora_meta.object_grants
where col = '' and grantee = ora.current_user_name();
-- ROLE_TAB_PRIVS | PUBLIC | ROLE_TAB_PRIVS
select grantee as "ROLE", owner as "OWNER", name as "TABLE_NAME", nullif(col, '') as "COLUMN_NAME", privilege as "PRIVILEGE", ora.yes(grantable) as "GRANTABLE",
  ora.maintained(owner) as "COMMON", 'NO'::text as "INHERITED" from ora_meta.object_grants where grantee = any (ora.granted_roles());
-- DBA_COL_PRIVS | SELECT_CATALOG_ROLE | DBA_COL_PRIVS
select grantee as "GRANTEE", owner as "OWNER", name as "TABLE_NAME", col as "COLUMN_NAME", grantor as "GRANTOR", privilege as "PRIVILEGE",
  ora.yes(grantable) as "GRANTABLE", ora.maintained(owner) as "COMMON", 'NO'::text as "INHERITED" from ora_meta.object_grants where col <> '';
-- ALL_COL_PRIVS | PUBLIC | ALL_COL_PRIVS
select grantor as "GRANTOR", grantee as "GRANTEE", owner as "TABLE_SCHEMA", name as "TABLE_NAME", col as "COLUMN_NAME", privilege as "PRIVILEGE",
  ora.yes(grantable) as "GRANTABLE", ora.maintained(owner) as "COMMON", 'NO'::text as "INHERITED" from ora_meta.object_grants
where col <> '' and (grantee = any (ora.enabled_grantees()) or ora.current_user_name() in (owner, grantor));
-- USER_COL_PRIVS | PUBLIC | USER_COL_PRIVS
select grantee as "GRANTEE", owner as "OWNER", name as "TABLE_NAME", col as "COLUMN_NAME", grantor as "GRANTOR", privilege as "PRIVILEGE",
  ora.yes(grantable) as "GRANTABLE", ora.maintained(owner) as "COMMON", 'NO'::text as "INHERITED" from ora_meta.object_grants
where col <> '' and ora.current_user_name() in (owner, grantor, grantee);
-- SESSION_ROLES | PUBLIC | SESSION_ROLES
select unnest(s.roles) as "ROLE" from ora.this_session() s where ora.definer() is null;
-- SESSION_PRIVS | PUBLIC | SESSION_PRIVS
select distinct privilege as "PRIVILEGE" from ora_meta.sys_grants where grantee = any (ora.enabled_grantees());
-- PROXY_USERS | SELECT_CATALOG_ROLE | PROXY_USERS
select proxy as "PROXY", client as "CLIENT", ora.yes(authenticated) as "AUTHENTICATION", ora.proxy_constraint(mode) as "FLAGS" from ora_meta.proxies;
-- PROXY_ROLES | SELECT_CATALOG_ROLE | PROXY_ROLES
select proxy as "PROXY", client as "CLIENT", unnest(roles) as "ROLE" from ora_meta.proxies;
-- PROXY_USERS_AND_ROLES | SELECT_CATALOG_ROLE | PROXY_USERS_AND_ROLES
select p.proxy as "PROXY", p.client as "CLIENT", ora.proxy_constraint(p.mode) as "FLAGS", r as "ROLE" from ora_meta.proxies p left join unnest(p.roles) r on true;
-- DBA_PROXIES | SELECT_CATALOG_ROLE | DBA_PROXIES
select p.proxy as "PROXY", p.client as "CLIENT", ora.yes(p.authenticated) as "AUTHENTICATION", ora.proxy_constraint(p.mode) as "AUTHORIZATION_CONSTRAINT",
  r as "ROLE", 'DATABASE'::text as "PROXY_AUTHORITY" from ora_meta.proxies p left join unnest(p.roles) r on true;
-- USER_PROXIES | PUBLIC | USER_PROXIES
select p.client as "CLIENT", ora.yes(p.authenticated) as "AUTHENTICATION", ora.proxy_constraint(p.mode) as "AUTHORIZATION_CONSTRAINT", r as "ROLE"
from ora_meta.proxies p left join unnest(p.roles) r on true where p.proxy = ora.current_user_name();
-- DBA_HOST_ACES | SELECT_CATALOG_ROLE | DBA_HOST_ACES
select h.host as "HOST", h.lower_port::numeric as "LOWER_PORT", h.upper_port::numeric as "UPPER_PORT", row_number() over (partition by a.acl, h.host, h.lower_port order by a.place)::numeric as "ACE_ORDER",
  a.starts as "START_DATE", a.ends as "END_DATE", case when a.is_grant then 'GRANT' else 'DENY' end as "GRANT_TYPE", 'NO'::text as "INVERTED_PRINCIPAL", a.principal as "PRINCIPAL",
  'DATABASE'::text as "PRINCIPAL_TYPE", a.privilege as "PRIVILEGE" from ora_meta.network_aces a join ora_meta.network_hosts h on h.acl = a.acl;
-- DBA_WALLET_ACES | SELECT_CATALOG_ROLE | DBA_WALLET_ACES
select w.path as "WALLET_PATH", row_number() over (partition by a.acl, w.path order by a.place)::numeric as "ACE_ORDER", a.starts as "START_DATE", a.ends as "END_DATE",
  case when a.is_grant then 'GRANT' else 'DENY' end as "GRANT_TYPE", 'NO'::text as "INVERTED_PRINCIPAL", a.principal as "PRINCIPAL", 'DATABASE'::text as "PRINCIPAL_TYPE",
  a.privilege as "PRIVILEGE" from ora_meta.network_aces a join ora_meta.network_wallets w on w.acl = a.acl;
-- DBA_RSRC_CONSUMER_GROUP_PRIVS | SELECT_CATALOG_ROLE | DBA_RSRC_CONSUMER_GROUP_PRIVS
select grantee as "GRANTEE", consumer_group as "GRANTED_GROUP", ora.yes(grant_option) as "GRANT_OPTION", 'NO'::text as "INITIAL_GROUP" from ora_meta.rsrc_grants;
-- DBA_RSRC_GROUP_MAPPINGS | SELECT_CATALOG_ROLE | DBA_RSRC_GROUP_MAPPINGS
select attribute as "ATTRIBUTE", value as "VALUE", consumer_group as "CONSUMER_GROUP", case when pending then 'PENDING' end as "STATUS" from ora_meta.rsrc_mappings;
-- DBA_CONTEXT | SELECT_CATALOG_ROLE | DBA_CONTEXT
select namespace as "NAMESPACE", schema as "SCHEMA", package as "PACKAGE", case when shared then 'ACCESSED GLOBALLY' else 'ACCESSED LOCALLY' end as "TYPE",
  3::numeric as "ORIGIN_CON_ID", 'YES'::text as "TRACKING" from ora_meta.contexts;
-- ALL_CONTEXT | PUBLIC | ALL_CONTEXT
select c.namespace as "NAMESPACE", c.schema as "SCHEMA", c.package as "PACKAGE" from ora_meta.contexts c where ora.local_contexts() ? c.namespace;
-- SESSION_CONTEXT | PUBLIC | SESSION_CONTEXT
select n.key as "NAMESPACE", a.key as "ATTRIBUTE", a.value as "VALUE" from jsonb_each(ora.local_contexts()) n, jsonb_each_text(n.value) a;
-- GLOBAL_CONTEXT | PUBLIC | GLOBAL_CONTEXT
select c.namespace as "NAMESPACE", c.attribute as "ATTRIBUTE", c.value as "VALUE", nullif(c.username, '') as "USERNAME", nullif(c.client_id, '') as "CLIENT_IDENTIFIER"
from ora_meta.shared_contexts c where c.username in ('', ora.session_user_name()) and c.client_id in ('', coalesce(ora.setting('client_identifier'), ''));
-- AUDIT_UNIFIED_POLICIES | AUDIT_ADMIN, AUDIT_VIEWER | AUDIT_UNIFIED_POLICIES
select p.name as "POLICY_NAME", p.condition as "AUDIT_CONDITION", p.evaluate as "CONDITION_EVAL_OPT", o.option as "AUDIT_OPTION", o.kind as "AUDIT_OPTION_TYPE",
  nullif(o.owner, '') as "OBJECT_SCHEMA", nullif(o.name, '') as "OBJECT_NAME", t.type as "OBJECT_TYPE", 'NO'::text as "COMMON", 'NO'::text as "INHERITED",
  ora.yes(p.top_level) as "AUDIT_ONLY_TOPLEVEL", ora.yes(p.supplied) as "ORACLE_SUPPLIED"
from ora_meta.audit_policies p left join ora_meta.audit_options o on o.policy = p.name left join ora_meta.objects t on t.owner = o.owner and t.name = o.name;
-- AUDIT_UNIFIED_ENABLED_POLICIES | AUDIT_ADMIN, AUDIT_VIEWER | AUDIT_UNIFIED_ENABLED_POLICIES
select policy as "POLICY_NAME", how as "ENABLED_OPTION", entity as "ENTITY_NAME", case when how = 'BY GRANTED ROLE' then 'ROLE' else 'USER' end as "ENTITY_TYPE",
  ora.yes(success) as "SUCCESS", ora.yes(failure) as "FAILURE" from ora_meta.audit_enabled;
-- AUDIT_UNIFIED_CONTEXTS | AUDIT_ADMIN, AUDIT_VIEWER | AUDIT_UNIFIED_CONTEXTS
select namespace as "NAMESPACE", attribute as "ATTRIBUTE", coalesce(nullif(username, ''), 'ALL USERS') as "USER_NAME" from ora_meta.audit_contexts;
-- AUDSYS.UNIFIED_AUDIT_TRAIL | AUDIT_ADMIN, AUDIT_VIEWER | UNIFIED_AUDIT_TRAIL
select 'Standard'::text as "AUDIT_TYPE", t.sessionid::numeric as "SESSIONID", null::numeric as "PROXY_SESSIONID", null::text as "OS_USERNAME", 'localhost'::text as "USERHOST",
  null::text as "TERMINAL", 1::numeric as "INSTANCE_ID", ora.instance_value('dbid')::varchar::numeric as "DBID", t.authentication_type as "AUTHENTICATION_TYPE",
  t.dbusername as "DBUSERNAME", t.dbproxy_username as "DBPROXY_USERNAME", null::text as "EXTERNAL_USERID", null::text as "GLOBAL_USERID", null::text as "CLIENT_PROGRAM_NAME",
  null::text as "DBLINK_INFO", null::text as "XS_USER_NAME", null::bytea as "XS_SESSIONID", t.entry_id::numeric as "ENTRY_ID", t.statement_id::numeric as "STATEMENT_ID",
  t.event_time as "EVENT_TIMESTAMP", t.event_time as "EVENT_TIMESTAMP_UTC", t.action_name as "ACTION_NAME", t.return_code::numeric as "RETURN_CODE", t.os_process as "OS_PROCESS",
  null::bytea as "TRANSACTION_ID", null::numeric as "SCN", null::text as "EXECUTION_ID", t.object_schema as "OBJECT_SCHEMA", t.object_name as "OBJECT_NAME",
  t.sql_text::ora.clob as "SQL_TEXT", t.sql_binds::ora.clob as "SQL_BINDS", t.application_contexts as "APPLICATION_CONTEXTS", t.client_identifier as "CLIENT_IDENTIFIER",
  null::text as "NEW_SCHEMA", null::text as "NEW_NAME", case when t.object_name is not null then 'ORA$BASE' end as "OBJECT_EDITION", t.system_privilege_used as "SYSTEM_PRIVILEGE_USED",
  t.system_privilege as "SYSTEM_PRIVILEGE", null::text as "AUDIT_OPTION", t.object_privileges as "OBJECT_PRIVILEGES", t.role as "ROLE", t.target_user as "TARGET_USER",
  null::text as "EXCLUDED_USER", null::text as "EXCLUDED_SCHEMA", null::text as "EXCLUDED_OBJECT", t."current_user" as "CURRENT_USER", null::text as "ADDITIONAL_INFO",
  t.policies as "UNIFIED_AUDIT_POLICIES", null::text as "FGA_POLICY_NAME" from ora_meta.audit_trail t;
