CREATE OR REPLACE PACKAGE BODY oracleapi.latch AS
  g_decided BOOLEAN := FALSE;  -- ORDS makes packages anew for each request; where it does not, requests fail closed

  FUNCTION is_first RETURN BOOLEAN IS
    v_first BOOLEAN := NOT g_decided;
  BEGIN
    g_decided := TRUE;
    RETURN v_first;
  END is_first;
END latch;
/
