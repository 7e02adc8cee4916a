"""The audit policies that every database has, as far as the double has their actions and privileges.

Source: Security Guide 19c, predefined unified audit policies [D]; ``ORA_SECURECONFIG`` and, of failures,
``ORA_LOGON_FAILURES`` are enabled in a new database [D].
"""

from oracleapi_sandbox.oracle.engine.audit.rules import ACTION, PRIVILEGE, Option

_PRIVILEGES = (
    *("ALTER ANY TABLE", "CREATE ANY TABLE", "DROP ANY TABLE", "ALTER ANY PROCEDURE", "CREATE ANY PROCEDURE"),
    *("DROP ANY PROCEDURE", "GRANT ANY PRIVILEGE", "GRANT ANY OBJECT PRIVILEGE", "GRANT ANY ROLE", "AUDIT SYSTEM"),
    *("CREATE ANY JOB", "EXEMPT ACCESS POLICY", "EXEMPT REDACTION POLICY", "CREATE USER", "DROP USER"),
    *("ALTER DATABASE", "ALTER SYSTEM", "CREATE PUBLIC SYNONYM", "DROP PUBLIC SYNONYM", "BECOME USER"),
)
_ACTIONS = (
    *("ALTER USER", "CREATE ROLE", "ALTER ROLE", "DROP ROLE", "SET ROLE"),
    *("CREATE PROFILE", "ALTER PROFILE", "DROP PROFILE", "CREATE DIRECTORY", "DROP DIRECTORY"),
    *("CREATE DATABASE LINK", "ALTER DATABASE LINK", "DROP DATABASE LINK"),
    *("CREATE PLUGGABLE DATABASE", "ALTER PLUGGABLE DATABASE", "DROP PLUGGABLE DATABASE"),
)
_ACCOUNT_MANAGEMENT = (
    *("CREATE USER", "ALTER USER", "DROP USER", "CREATE ROLE", "ALTER ROLE", "DROP ROLE", "SET ROLE"),
    *("GRANT", "REVOKE"),
)
PREDEFINED = {
    "ORA_SECURECONFIG": (
        *(Option(PRIVILEGE, name) for name in _PRIVILEGES),
        *(Option(ACTION, name) for name in _ACTIONS),
    ),
    "ORA_LOGON_FAILURES": (Option(ACTION, "LOGON"),),
    "ORA_ACCOUNT_MGMT": tuple(Option(ACTION, name) for name in _ACCOUNT_MANAGEMENT),
}
ENABLED = {"ORA_SECURECONFIG": True, "ORA_LOGON_FAILURES": False}
"""Policies that are enabled for all users, each with whether success is recorded too."""
