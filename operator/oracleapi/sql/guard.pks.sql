CREATE OR REPLACE PACKAGE oracleapi.guard AUTHID CURRENT_USER AS
  -- The ORDS pre-hook. It never changes: the managed roles name it, and a change would lock callers out. What is decided
  -- lies behind the synonym ORACLEAPI.DECISION.

  -- Says whether ORDS may run the handler, and enables the caller's roles: procedure.rest.preHook.
  FUNCTION check_request RETURN BOOLEAN;

  -- Enables roles for the account that parses handlers; for nobody else.
  PROCEDURE enable_for_check(p_roles IN VARCHAR2);
END guard;
/
