CREATE OR REPLACE PACKAGE BODY oracleapi.guard AS
  -- No variable may stand here: sessions would lose it when a version is switched, and callers would meet ORA-04068.

  PROCEDURE clear IS
  BEGIN
    DBMS_SESSION.set_role('NONE');
    DBMS_SESSION.clear_identifier;
    DBMS_APPLICATION_INFO.set_module(NULL, NULL);
    DBMS_SESSION.clear_context('ORACLEAPI');
  END clear;

  FUNCTION refuse(p_reason IN VARCHAR2, p_request_id IN VARCHAR2, p_route IN VARCHAR2) RETURN BOOLEAN IS
    v_body JSON_OBJECT_T := JSON_OBJECT_T();
  BEGIN
    v_body.put('code', 'Forbidden');
    v_body.put('message', CASE WHEN p_reason IN ('NoBinding', 'GroupsOverage') THEN 'no binding' ELSE 'forbidden' END);
    v_body.put('requestId', p_request_id);
    v_body.put('route', p_route);
    OWA_UTIL.status_line(403, 'Forbidden', FALSE);
    OWA_UTIL.mime_header('application/json', TRUE);
    HTP.prn(v_body.to_string);
    RETURN FALSE;
  END refuse;

  -- Notes a failure as far as that is possible: what failed may be what notes it.
  PROCEDURE note_failure(
    p_schema     IN VARCHAR2,
    p_request_id IN VARCHAR2,
    p_route      IN VARCHAR2,
    p_code       IN PLS_INTEGER
  ) IS
  BEGIN
    decision.note_fault(p_schema, p_request_id, p_route, 'GuardFailed', TO_CHAR(p_code));
  EXCEPTION
    WHEN OTHERS THEN
      NULL;
  END note_failure;

  FUNCTION check_request RETURN BOOLEAN IS
    v_schema     VARCHAR2(128) := SYS_CONTEXT('USERENV', 'SESSION_USER');
    v_refusal    VARCHAR2(400);
    v_roles      VARCHAR2(32767);
    v_set_roles  BOOLEAN;
    v_identifier VARCHAR2(64);
    v_module     VARCHAR2(48);
    v_action     VARCHAR2(32);
    v_subject    VARCHAR2(400);
    v_request_id VARCHAR2(128);
  BEGIN
    IF NOT decision.is_managed(v_schema) THEN
      IF SYS_CONTEXT('ORACLEAPI', 'ROLES') IS NOT NULL THEN  -- left by us, before the schema was given up
        clear;
      END IF;
      RETURN TRUE;
    END IF;
    clear;
    IF NOT latch.is_first THEN
      RAISE_APPLICATION_ERROR(-20403, 'a request is decided once');
    END IF;
    decision.decide(
      v_schema, v_refusal, v_roles, v_set_roles, v_identifier, v_module, v_action, v_subject, v_request_id);
    DBMS_SESSION.set_identifier(v_identifier);
    DBMS_APPLICATION_INFO.set_module(v_module, v_action);
    IF v_refusal IS NOT NULL THEN
      IF v_refusal <> 'Closed' THEN  -- which the operator meets on purpose, again and again
        decision.note_fault(v_schema, v_request_id, v_module || ' ' || v_action, v_refusal, NULL);
      END IF;
      RETURN refuse(v_refusal, v_request_id, v_action);
    END IF;
    DBMS_SESSION.set_context('ORACLEAPI', 'SUBJECT', v_subject);
    DBMS_SESSION.set_context('ORACLEAPI', 'ROLES', SUBSTR(v_roles, 1, 4000));
    IF v_roles IS NOT NULL AND v_set_roles THEN
      DBMS_SESSION.set_role(v_roles);
    END IF;
    RETURN TRUE;
  EXCEPTION
    WHEN OTHERS THEN
      clear;
      note_failure(v_schema, v_request_id, v_module || ' ' || v_action, SQLCODE);
      RETURN refuse('GuardFailed', v_request_id, v_action);
  END check_request;

  PROCEDURE enable_for_check(p_roles IN VARCHAR2) IS
  BEGIN
    IF NOT decision.is_check_account(SYS_CONTEXT('USERENV', 'PROXY_USER')) THEN
      RAISE_APPLICATION_ERROR(-20403, 'for the check account only');
    END IF;
    DBMS_SESSION.set_role(NVL(p_roles, 'NONE'));
  END enable_for_check;
END guard;
/
