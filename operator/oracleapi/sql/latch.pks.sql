CREATE OR REPLACE PACKAGE oracleapi.latch AUTHID DEFINER ACCESSIBLE BY (PACKAGE oracleapi.guard) AS
  -- The one thing that a session remembers of a request: that it was decided. It lies apart from the guard, which is
  -- compiled anew whenever another version decides and must have nothing to lose by that (ORA-04068).

  -- Says whether this is the first call within a request.
  FUNCTION is_first RETURN BOOLEAN;
END latch;
/
