-- Tables of schema ORACLEAPI: what the guard decides by. The operator writes them, nobody else has a right on them.
-- Statements end with a line that holds a slash.

CREATE TABLE oracleapi.setting (
  name  VARCHAR2(64) CONSTRAINT setting_pk PRIMARY KEY,
  value VARCHAR2(400)
)
/
CREATE TABLE oracleapi.managed_schema (
  schema_name  VARCHAR2(128) CONSTRAINT managed_schema_pk PRIMARY KEY,
  role_mode    VARCHAR2(16) NOT NULL CONSTRAINT managed_schema_mode CHECK (role_mode IN ('SetRole', 'ContextOnly')),
  trace_header VARCHAR2(128) NOT NULL
)
/
CREATE TABLE oracleapi.unmanaged_path (
  schema_name VARCHAR2(128) NOT NULL,
  path        VARCHAR2(1024) NOT NULL,
  CONSTRAINT unmanaged_path_pk PRIMARY KEY (schema_name, path)
)
/
CREATE TABLE oracleapi.api (
  owner           VARCHAR2(400) CONSTRAINT api_pk PRIMARY KEY,
  owner_uid       VARCHAR2(64) NOT NULL,
  schema_name     VARCHAR2(128) NOT NULL,
  label           VARCHAR2(128) NOT NULL,
  require_binding NUMBER(1) NOT NULL CONSTRAINT api_require_binding CHECK (require_binding IN (0, 1)),
  subject_claim   VARCHAR2(128) NOT NULL,
  groups_claim    VARCHAR2(128) NOT NULL
)
/
CREATE TABLE oracleapi.route (
  owner       VARCHAR2(400) NOT NULL,
  name        VARCHAR2(63) NOT NULL,
  method      VARCHAR2(10) NOT NULL,
  path_regexp VARCHAR2(2000) NOT NULL,
  variables   NUMBER(3) NOT NULL,
  auth        VARCHAR2(8) NOT NULL CONSTRAINT route_auth CHECK (auth IN ('JWT', 'IAM', 'Public', 'Probe', 'Closed')),
  route_key   VARCHAR2(1100),
  link_key    VARCHAR2(1100),
  CONSTRAINT route_pk PRIMARY KEY (owner, method, path_regexp)
)
/
CREATE TABLE oracleapi.binding (
  binding      VARCHAR2(400) NOT NULL,
  owner        VARCHAR2(400) NOT NULL,
  route        VARCHAR2(63) NOT NULL,
  subject_kind VARCHAR2(16) NOT NULL
    CONSTRAINT binding_kind CHECK (subject_kind IN ('User', 'Group', 'Scope', 'IamRole', 'IamUser', 'Anonymous')),
  subject      VARCHAR2(400) NOT NULL,
  role_name    VARCHAR2(128) NOT NULL,
  not_after    TIMESTAMP(0) WITH TIME ZONE,
  CONSTRAINT binding_pk PRIMARY KEY (binding, route, subject_kind, subject)
)
/
CREATE INDEX oracleapi.binding_by_route ON oracleapi.binding (owner, route)
/
CREATE TABLE oracleapi.gateway_key (
  owner      VARCHAR2(400) NOT NULL,
  key_hash   VARCHAR2(64) NOT NULL,
  created    TIMESTAMP(0) WITH TIME ZONE DEFAULT SYSTIMESTAMP NOT NULL,
  not_after  TIMESTAMP(0) WITH TIME ZONE,
  CONSTRAINT gateway_key_pk PRIMARY KEY (owner, key_hash)
)
/
CREATE TABLE oracleapi.owned (
  role_name VARCHAR2(128) CONSTRAINT owned_pk PRIMARY KEY,
  owner     VARCHAR2(400) NOT NULL,
  owner_uid VARCHAR2(64) NOT NULL
)
/
CREATE TABLE oracleapi.fault (
  seen        TIMESTAMP(3) WITH TIME ZONE DEFAULT SYSTIMESTAMP NOT NULL,
  schema_name VARCHAR2(128) NOT NULL,
  request_id  VARCHAR2(128),
  route       VARCHAR2(192),
  reason      VARCHAR2(32) NOT NULL,
  detail      VARCHAR2(400)
)
/
CREATE INDEX oracleapi.fault_by_time ON oracleapi.fault (seen)
/
