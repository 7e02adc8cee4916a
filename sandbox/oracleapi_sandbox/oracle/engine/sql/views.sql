-- Dictionary views, schema "SYS"; those of roles, grants and contexts are in security.sql. Lines "-- name | visible to |
-- public synonym [| version]" are read by the installer: who may select (a role, PUBLIC), under which public synonym, and since when.
-- Columns: Oracle Database Reference 19c. [D]

-- DUAL | PUBLIC | DUAL
select 'X'::text as "DUMMY";
-- DBA_USERS | SELECT_CATALOG_ROLE | DBA_USERS
select u.username as "USERNAME", u.user_id::numeric as "USER_ID", null::text as "PASSWORD", ora.account_status(u) as "ACCOUNT_STATUS",
  u.lock_date::ora.date as "LOCK_DATE", ora.expiry_date(u)::ora.date as "EXPIRY_DATE", u.default_tablespace as "DEFAULT_TABLESPACE",
  u.temporary_tablespace as "TEMPORARY_TABLESPACE", u.temporary_tablespace as "LOCAL_TEMP_TABLESPACE", u.created::ora.date as "CREATED", u.profile as "PROFILE",
  'DEFAULT_CONSUMER_GROUP'::text as "INITIAL_RSRC_CONSUMER_GROUP", null::text as "EXTERNAL_NAME",
  case when u.authentication = 'PASSWORD' then '11G 12C ' end as "PASSWORD_VERSIONS", 'N'::text as "EDITIONS_ENABLED",
  u.authentication as "AUTHENTICATION_TYPE", 'N'::text as "PROXY_ONLY_CONNECT", case when u.oracle_maintained then 'YES' else 'NO' end as "COMMON",
  u.last_login::timestamptz as "LAST_LOGIN", case when u.oracle_maintained then 'Y' else 'N' end as "ORACLE_MAINTAINED",
  case when u.oracle_maintained then 'YES' else 'NO' end as "INHERITED", 'USING_NLS_COMP'::text as "DEFAULT_COLLATION", 'NO'::text as "IMPLICIT",
  'NO'::text as "ALL_SHARD", 'NO'::text as "EXTERNAL_SHARD", u.password_date::ora.date as "PASSWORD_CHANGE_DATE", 'NO'::text as "MANDATORY_PROFILE_VIOLATION"
from ora_meta.users u;
-- ALL_USERS | PUBLIC | ALL_USERS
select u.username as "USERNAME", u.user_id::numeric as "USER_ID", u.created::ora.date as "CREATED", case when u.oracle_maintained then 'YES' else 'NO' end as "COMMON",
  case when u.oracle_maintained then 'Y' else 'N' end as "ORACLE_MAINTAINED", case when u.oracle_maintained then 'YES' else 'NO' end as "INHERITED" from ora_meta.users u;
-- USER_USERS | PUBLIC | USER_USERS
select u.username as "USERNAME", u.user_id::numeric as "USER_ID", ora.account_status(u) as "ACCOUNT_STATUS", u.lock_date::ora.date as "LOCK_DATE",
  ora.expiry_date(u)::ora.date as "EXPIRY_DATE", u.default_tablespace as "DEFAULT_TABLESPACE", u.temporary_tablespace as "TEMPORARY_TABLESPACE",
  u.temporary_tablespace as "LOCAL_TEMP_TABLESPACE", u.created::ora.date as "CREATED", 'DEFAULT_CONSUMER_GROUP'::text as "INITIAL_RSRC_CONSUMER_GROUP",
  null::text as "EXTERNAL_NAME", 'N'::text as "PROXY_ONLY_CONNECT", case when u.oracle_maintained then 'YES' else 'NO' end as "COMMON",
  case when u.oracle_maintained then 'Y' else 'N' end as "ORACLE_MAINTAINED", case when u.oracle_maintained then 'YES' else 'NO' end as "INHERITED",
  'USING_NLS_COMP'::text as "DEFAULT_COLLATION", 'NO'::text as "IMPLICIT", 'NO'::text as "ALL_SHARD", u.password_date::ora.date as "PASSWORD_CHANGE_DATE"
from ora_meta.users u where u.username = ora.current_user_name();
-- USER_PASSWORD_LIMITS | PUBLIC | USER_PASSWORD_LIMITS
select d.resource as "RESOURCE_NAME", ora.shown_limit(d.resource, ora.limit_of(u.profile, d.resource)) as "LIMIT" from ora_meta.users u join ora_meta.profiles d on d.profile = 'DEFAULT' and d.type = 'PASSWORD'
where u.username = ora.current_user_name();
-- DBA_PROFILES | SELECT_CATALOG_ROLE | DBA_PROFILES
select profile as "PROFILE", resource as "RESOURCE_NAME", type as "RESOURCE_TYPE", ora.shown_limit(resource, lim) as "LIMIT", 'NO'::text as "COMMON", 'NO'::text as "INHERITED",
  'NO'::text as "IMPLICIT", case when profile = 'DEFAULT' then 'Y' else 'N' end as "ORACLE_MAINTAINED", 'NO'::text as "MANDATORY" from ora_meta.profiles;
-- V_$PWFILE_USERS | SELECT_CATALOG_ROLE | V$PWFILE_USERS
select username as "USERNAME", upper(('SYSDBA' = any (administrative))::varchar) as "SYSDBA", upper(('SYSOPER' = any (administrative))::varchar) as "SYSOPER",
  'FALSE'::text as "SYSASM", upper(('SYSBACKUP' = any (administrative))::varchar) as "SYSBACKUP", upper(('SYSDG' = any (administrative))::varchar) as "SYSDG",
  upper(('SYSKM' = any (administrative))::varchar) as "SYSKM", ora.account_status(u) as "ACCOUNT_STATUS", u.password_date::ora.date as "PASSWORD_CHANGE_DATE",
  u.profile as "PASSWORD_PROFILE", u.lock_date::ora.date as "LOCK_DATE", ora.expiry_date(u)::ora.date as "EXPIRY_DATE", u.authentication as "AUTHENTICATION_TYPE",
  'NO'::text as "COMMON", 3::numeric as "CON_ID" from ora_meta.users u where cardinality(administrative) > 0;
-- DBA_TABLESPACES | SELECT_CATALOG_ROLE | DBA_TABLESPACES
select t as "TABLESPACE_NAME", 'ONLINE'::text as "STATUS", case when t = 'TEMP' then 'TEMPORARY' else 'PERMANENT' end as "CONTENTS" from unnest(array['SYSTEM', 'SYSAUX', 'USERS', 'TEMP']) t;
-- DBA_TS_QUOTAS | SELECT_CATALOG_ROLE | DBA_TS_QUOTAS
select tablespace as "TABLESPACE_NAME", username as "USERNAME", 0::numeric as "BYTES", bytes as "MAX_BYTES", 0::numeric as "BLOCKS",
  case when bytes < 0 then bytes else ceil(bytes / 8192) end as "MAX_BLOCKS", 'NO'::text as "DROPPED" from ora_meta.quotas;
-- USER_TS_QUOTAS | PUBLIC | USER_TS_QUOTAS
select tablespace as "TABLESPACE_NAME", 0::numeric as "BYTES", bytes as "MAX_BYTES", 0::numeric as "BLOCKS",
  case when bytes < 0 then bytes else ceil(bytes / 8192) end as "MAX_BLOCKS", 'NO'::text as "DROPPED" from ora_meta.quotas where username = ora.current_user_name();
-- {}_OBJECTS | * | {}_OBJECTS
select o.owner as "OWNER", o.name as "OBJECT_NAME", null::text as "SUBOBJECT_NAME", o.object_id::numeric as "OBJECT_ID", o.type as "OBJECT_TYPE", o.created::ora.date as "CREATED",
  o.changed::ora.date as "LAST_DDL_TIME", case when o.valid then 'VALID' else 'INVALID' end as "STATUS", 'N'::text as "TEMPORARY", 'N'::text as "GENERATED", 'N'::text as "SECONDARY",
  case when o.editionable is not null then case when o.editionable then 'Y' else 'N' end end as "EDITIONABLE", ora.maintained_flag(o.owner) as "ORACLE_MAINTAINED" from ora_meta.named o;
-- {}_SOURCE | * | {}_SOURCE
select o.owner as "OWNER", o.name as "NAME", o.type as "TYPE", l.at::numeric as "LINE",
  l.line || case when l.at < cardinality(string_to_array(o.text, chr(10))) then chr(10) else '' end as "TEXT", 3::numeric as "ORIGIN_CON_ID"
from ora_meta.units o, unnest(string_to_array(o.text, chr(10))) with ordinality l (line, at);
-- {}_ERRORS | * | {}_ERRORS
select o.owner as "OWNER", o.name as "NAME", o.type as "TYPE", e.at::numeric as "SEQUENCE", (e.fault ->> 0)::varchar::numeric as "LINE",
  (e.fault ->> 1)::varchar::numeric as "POSITION", e.fault ->> 2 as "TEXT", 'ERROR'::text as "ATTRIBUTE", 0::numeric as "MESSAGE_NUMBER"
from ora_meta.units o, jsonb_array_elements(o.errors) with ordinality e (fault, at);
-- {}_DEPENDENCIES | * | {}_DEPENDENCIES
select o.owner as "OWNER", o.name as "NAME", o.type as "TYPE", o.r_owner as "REFERENCED_OWNER", o.r_name as "REFERENCED_NAME", o.r_type as "REFERENCED_TYPE",
  null::text as "REFERENCED_LINK_NAME", 'HARD'::text as "DEPENDENCY_TYPE" from ora_meta.dependencies o;
-- {}_TABLES | * | {}_TABLES
select o.owner as "OWNER", o.name as "TABLE_NAME", 'USERS'::text as "TABLESPACE_NAME", 'VALID'::text as "STATUS", null::numeric as "NUM_ROWS", 'N'::text as "TEMPORARY", 'NO'::text as "PARTITIONED" from ora_meta.objects o where o.type = 'TABLE';
-- {}_VIEWS | * | {}_VIEWS
select o.owner as "OWNER", o.name as "VIEW_NAME", ora.length(o.text) as "TEXT_LENGTH", o.text as "TEXT", o.text as "TEXT_VC" from ora_meta.objects o where o.type = 'VIEW';
-- {}_TAB_COLUMNS | * | {}_TAB_COLUMNS
select c.owner as "OWNER", c.table_name as "TABLE_NAME", c.name as "COLUMN_NAME", case when c.type like 'TIMESTAMP%' then replace(c.type, 'TIMESTAMP', 'TIMESTAMP(' || coalesce(c.scale, 6) || ')') else c.type end as "DATA_TYPE",
  c.length::numeric as "DATA_LENGTH", c.precision::numeric as "DATA_PRECISION", c.scale::numeric as "DATA_SCALE", case when c.nullable then 'Y' else 'N' end as "NULLABLE",
  c.position::numeric as "COLUMN_ID", c.default_text as "DATA_DEFAULT", case when c.type in ('VARCHAR2', 'CHAR') then c.length::numeric else 0 end as "CHAR_LENGTH",
  case when c.type in ('VARCHAR2', 'CHAR') then case when c.chars then 'C' else 'B' end end as "CHAR_USED", case when c.identity is null then 'NO' else 'YES' end as "IDENTITY_COLUMN",
  ora.yes(c.on_null) as "DEFAULT_ON_NULL" from ora_meta.columns c join ora_meta.objects o on o.owner = c.owner and o.name = c.table_name;
-- {}_CONSTRAINTS | * | {}_CONSTRAINTS
select c.owner as "OWNER", c.name as "CONSTRAINT_NAME", c.type as "CONSTRAINT_TYPE", c.table_name as "TABLE_NAME", c.condition as "SEARCH_CONDITION", c.r_owner as "R_OWNER",
  c.r_name as "R_CONSTRAINT_NAME", c.delete_rule as "DELETE_RULE", 'ENABLED'::text as "STATUS", 'VALIDATED'::text as "VALIDATED", case when c.generated then 'GENERATED NAME' else 'USER NAME' end as "GENERATED"
from ora_meta.constraints c join ora_meta.objects o on o.owner = c.owner and o.name = c.table_name;
-- {}_CONS_COLUMNS | * | {}_CONS_COLUMNS
select c.owner as "OWNER", c.name as "CONSTRAINT_NAME", c.table_name as "TABLE_NAME", k.col as "COLUMN_NAME", k.at::numeric as "POSITION"
from ora_meta.constraints c join ora_meta.objects o on o.owner = c.owner and o.name = c.table_name, unnest(c.columns) with ordinality k (col, at);
-- {}_INDEXES | * | {}_INDEXES
select o.owner as "OWNER", o.name as "INDEX_NAME", 'NORMAL'::text as "INDEX_TYPE", o.target_owner as "TABLE_OWNER", o.target_name as "TABLE_NAME",
  case when (o.details ->> 'unique')::boolean then 'UNIQUE' else 'NONUNIQUE' end as "UNIQUENESS", 'VALID'::text as "STATUS" from ora_meta.objects o where o.type = 'INDEX';
-- {}_SYNONYMS | * | {}_SYNONYMS
select o.owner as "OWNER", o.name as "SYNONYM_NAME", o.target_owner as "TABLE_OWNER", o.target_name as "TABLE_NAME", null::text as "DB_LINK" from ora_meta.objects o where o.type = 'SYNONYM';
-- {}_SEQUENCES | * | {}_SEQUENCES
select o.owner as "SEQUENCE_OWNER", o.name as "SEQUENCE_NAME", (o.details ->> 'min')::varchar::numeric as "MIN_VALUE", (o.details ->> 'max')::varchar::numeric as "MAX_VALUE",
  (o.details ->> 'increment')::varchar::numeric as "INCREMENT_BY", o.details ->> 'cycle' as "CYCLE_FLAG", 'N'::text as "ORDER_FLAG", (o.details ->> 'cache')::varchar::numeric as "CACHE_SIZE",
  (select last_value::numeric from pg_sequences p where p.schemaname = o.owner and p.sequencename = o.name) as "LAST_NUMBER" from ora_meta.objects o where o.type = 'SEQUENCE';
-- {}_TAB_COMMENTS | * | {}_TAB_COMMENTS
select o.owner as "OWNER", o.name as "TABLE_NAME", o.type as "TABLE_TYPE", c.comments as "COMMENTS" from ora_meta.objects o
left join ora_meta.comments c on c.owner = o.owner and c.table_name = o.name and c.col = '' where o.type in ('TABLE', 'VIEW');
-- {}_COL_COMMENTS | * | {}_COL_COMMENTS
select k.owner as "OWNER", k.table_name as "TABLE_NAME", k.name as "COLUMN_NAME", c.comments as "COMMENTS" from ora_meta.columns k join ora_meta.objects o on o.owner = k.owner and o.name = k.table_name
left join ora_meta.comments c on c.owner = k.owner and c.table_name = k.table_name and c.col = k.name;
-- DBA_TRIGGERS | SELECT_CATALOG_ROLE | DBA_TRIGGERS
select o.owner as "OWNER", o.name as "TRIGGER_NAME", null::text as "TRIGGER_TYPE", null::text as "TRIGGERING_EVENT", null::text as "TABLE_OWNER", null::text as "BASE_OBJECT_TYPE",
  null::text as "TABLE_NAME", null::text as "COLUMN_NAME", null::text as "WHEN_CLAUSE", null::text as "STATUS" from ora_meta.objects o where o.type = 'TRIGGER';
-- {}_ARGUMENTS | * | {}_ARGUMENTS
select o.owner as "OWNER", a.subprogram as "OBJECT_NAME", case when o.type = 'PACKAGE' then a.package end as "PACKAGE_NAME", o.object_id::numeric as "OBJECT_ID", nullif(a.overload, 0)::varchar::text as "OVERLOAD", a.argument as "ARGUMENT_NAME",
  a.position::numeric as "POSITION", a.position::numeric as "SEQUENCE", 0::numeric as "DATA_LEVEL", a.type as "DATA_TYPE", case when a.defaulted then 'Y' else 'N' end as "DEFAULTED",
  replace(a.mode, ' ', '/') as "IN_OUT" from ora_meta.arguments a join ora_meta.objects o on o.owner = a.owner and o.name = a.package;
-- {}_PROCEDURES | * | {}_PROCEDURES
select o.owner as "OWNER", o.name as "OBJECT_NAME", o.subprogram as "PROCEDURE_NAME", o.object_id::numeric as "OBJECT_ID", o.type as "OBJECT_TYPE", nullif(o.overload, 0)::varchar::text as "OVERLOAD",
  o.rights as "AUTHID" from ora_meta.offered o;
-- PRODUCT_COMPONENT_VERSION | PUBLIC | PRODUCT_COMPONENT_VERSION
select ora.instance_value('product') as "PRODUCT", ora.instance_value('release') as "VERSION", ora.instance_value('version') as "VERSION_FULL", 'Production'::text as "STATUS";
-- V_$VERSION | PUBLIC | V$VERSION
select ora.instance_value('banner') as "BANNER", ora.instance_value('banner') || chr(10) || 'Version ' || ora.instance_value('version') as "BANNER_FULL", ora.instance_value('banner') as "BANNER_LEGACY", 0::numeric as "CON_ID";
-- V_$PDBS | SELECT_CATALOG_ROLE | V$PDBS
select 3::numeric as "CON_ID", ora.instance_value('dbid')::varchar::numeric as "DBID", ora.instance_value('dbid')::varchar::numeric as "CON_UID", decode(ora.instance_value('guid'), 'hex') as "GUID",
  ora.instance_value('con_name') as "NAME", 'READ WRITE'::text as "OPEN_MODE", 'NO'::text as "RESTRICTED", (ora.instance_value('created'))::varchar::timestamp as "OPEN_TIME";
-- V_$CONTAINERS | SELECT_CATALOG_ROLE | V$CONTAINERS
select 3::numeric as "CON_ID", ora.instance_value('dbid')::varchar::numeric as "DBID", ora.instance_value('dbid')::varchar::numeric as "CON_UID", decode(ora.instance_value('guid'), 'hex') as "GUID",
  ora.instance_value('con_name') as "NAME", 'READ WRITE'::text as "OPEN_MODE";
-- V_$DATABASE | SELECT_CATALOG_ROLE | V$DATABASE
select ora.instance_value('dbid')::varchar::numeric as "DBID", ora.instance_value('db_name') as "NAME", 'READ WRITE'::text as "OPEN_MODE", 'YES'::text as "CDB", 'PRIMARY'::text as "DATABASE_ROLE", ora.instance_value('db_name') as "DB_UNIQUE_NAME", 0::numeric as "CON_ID";
-- V_$INSTANCE | SELECT_CATALOG_ROLE | V$INSTANCE
select 1::numeric as "INSTANCE_NUMBER", ora.instance_value('instance_name') as "INSTANCE_NAME", 'localhost'::text as "HOST_NAME", ora.instance_value('release') as "VERSION", ora.instance_value('version') as "VERSION_FULL",
  (ora.instance_value('created'))::varchar::timestamp::ora.date as "STARTUP_TIME", 'OPEN'::text as "STATUS", 'ACTIVE'::text as "DATABASE_STATUS", 'ALLOWED'::text as "LOGINS", 0::numeric as "CON_ID";
-- V_$SESSION | SELECT_CATALOG_ROLE | V$SESSION
select s.sid::numeric as "SID", s.serial::numeric as "SERIAL#", s.sid::numeric as "AUDSID", s.username as "USERNAME", s.schema as "SCHEMANAME", case when ora.is_active(s.pid) then 'ACTIVE' else 'INACTIVE' end as "STATUS",
  'USER'::text as "TYPE", s.module as "MODULE", s.action as "ACTION", s.client_identifier as "CLIENT_IDENTIFIER", s.logon::ora.date as "LOGON_TIME", 3::numeric as "CON_ID"
from ora_meta.sessions s where s.of_sid is null;
-- NLS_SESSION_PARAMETERS | PUBLIC | NLS_SESSION_PARAMETERS
select p as "PARAMETER", v as "VALUE" from (values ('NLS_LANGUAGE', 'AMERICAN'), ('NLS_TERRITORY', 'AMERICA'), ('NLS_CURRENCY', '$'), ('NLS_NUMERIC_CHARACTERS', '.,'), ('NLS_CALENDAR', 'GREGORIAN'),
  ('NLS_DATE_FORMAT', ora.nls_date_format()), ('NLS_DATE_LANGUAGE', 'AMERICAN'), ('NLS_SORT', 'BINARY'), ('NLS_TIMESTAMP_FORMAT', ora.nls_timestamp_format()), ('NLS_TIMESTAMP_TZ_FORMAT', ora.nls_timestamp_tz_format()),
  ('NLS_COMP', 'BINARY'), ('NLS_LENGTH_SEMANTICS', 'BYTE'), ('NLS_NCHAR_CONV_EXCP', 'FALSE')) t (p, v);
-- NLS_DATABASE_PARAMETERS | PUBLIC | NLS_DATABASE_PARAMETERS
select p as "PARAMETER", v as "VALUE" from (values ('NLS_CHARACTERSET', 'AL32UTF8'), ('NLS_NCHAR_CHARACTERSET', 'AL16UTF16'), ('NLS_LANGUAGE', 'AMERICAN'), ('NLS_TERRITORY', 'AMERICA'), ('NLS_RDBMS_VERSION', ora.instance_value('version'))) t (p, v);
