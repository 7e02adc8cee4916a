CREATE OR REPLACE PACKAGE oracleapi.decision_v1 AUTHID DEFINER ACCESSIBLE BY (PACKAGE oracleapi.guard) AS
  -- What the guard is to do with the request whose CGI variables this session holds. Reads, never acts on the session.
  -- Another version is another package; the synonym ORACLEAPI.DECISION leads to the one in use.

  FUNCTION is_managed(p_schema IN VARCHAR2) RETURN BOOLEAN;

  -- p_refusal is null where the request may go on; p_roles is the list for SET_ROLE, null for none.
  PROCEDURE decide(
    p_schema     IN  VARCHAR2,
    p_refusal    OUT VARCHAR2,
    p_roles      OUT VARCHAR2,
    p_set_roles  OUT BOOLEAN,
    p_identifier OUT VARCHAR2,
    p_module     OUT VARCHAR2,
    p_action     OUT VARCHAR2,
    p_subject    OUT VARCHAR2,
    p_request_id OUT VARCHAR2
  );

  -- Says whether p_proxy is the account that checks handlers with a role enabled.
  FUNCTION is_check_account(p_proxy IN VARCHAR2) RETURN BOOLEAN;

  -- Writes a row of its own transaction, without values of the request.
  PROCEDURE note_fault(
    p_schema     IN VARCHAR2,
    p_request_id IN VARCHAR2,
    p_route      IN VARCHAR2,
    p_reason     IN VARCHAR2,
    p_detail     IN VARCHAR2
  );
END decision_v1;
/
