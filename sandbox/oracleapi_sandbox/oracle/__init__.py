"""The Oracle Database double: listener, SQL engine, dictionary, PL/SQL, ORDS packages."""
