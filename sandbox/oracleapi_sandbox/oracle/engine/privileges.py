"""The privileges and supplied roles that the double knows. Source: Database SQL Language Reference 19c, GRANT. [D]"""

from dataclasses import dataclass

_MANAGED = {
    "CREATE": (
        "SESSION",
        "TABLE",
        "ANY TABLE",
        "VIEW",
        "ANY VIEW",
        "SEQUENCE",
        "ANY SEQUENCE",
        "SYNONYM",
        "ANY SYNONYM",
        "PUBLIC SYNONYM",
        "PROCEDURE",
        "ANY PROCEDURE",
        "TRIGGER",
        "ANY TRIGGER",
        "TYPE",
        "ANY TYPE",
        "ANY INDEX",
        "USER",
        "ROLE",
        "PROFILE",
        "MATERIALIZED VIEW",
        "ANY MATERIALIZED VIEW",
        "DATABASE LINK",
        "PUBLIC DATABASE LINK",
        "ANY CONTEXT",
        "TABLESPACE",
        "ANY DIRECTORY",
        "JOB",
        "ANY JOB",
        "CLUSTER",
        "OPERATOR",
        "INDEXTYPE",
        "DIMENSION",
        "PLUGGABLE DATABASE",
    ),
    "ALTER": (
        "SESSION",
        "SYSTEM",
        "DATABASE",
        "USER",
        "PROFILE",
        "TABLESPACE",
        "ANY TABLE",
        "ANY SEQUENCE",
        "ANY ROLE",
        "ANY PROCEDURE",
        "ANY TRIGGER",
        "ANY INDEX",
    ),
    "DROP": (
        "USER",
        "PROFILE",
        "TABLESPACE",
        "ANY TABLE",
        "ANY VIEW",
        "ANY SEQUENCE",
        "ANY SYNONYM",
        "PUBLIC SYNONYM",
        "ANY PROCEDURE",
        "ANY ROLE",
        "ANY INDEX",
        "ANY TRIGGER",
        "ANY CONTEXT",
        "ANY DIRECTORY",
    ),
    "SELECT": ("ANY TABLE", "ANY SEQUENCE", "ANY DICTIONARY", "ANY TRANSACTION"),
    "READ": ("ANY TABLE",),
    "INSERT": ("ANY TABLE",),
    "UPDATE": ("ANY TABLE",),
    "DELETE": ("ANY TABLE",),
    "LOCK": ("ANY TABLE",),
    "COMMENT": ("ANY TABLE",),
    "FLASHBACK": ("ANY TABLE", "ARCHIVE ADMINISTER"),
    "EXECUTE": ("ANY PROCEDURE", "ANY TYPE"),
    "GRANT": ("ANY PRIVILEGE", "ANY ROLE", "ANY OBJECT PRIVILEGE", "ANY SCHEMA PRIVILEGE"),
    "ANALYZE": ("ANY", "ANY DICTIONARY"),
    "AUDIT": ("ANY", "SYSTEM"),
    "INHERIT": ("ANY PRIVILEGES",),
    "BECOME": ("USER",),
    "FORCE": ("TRANSACTION", "ANY TRANSACTION"),
    "MANAGE": ("TABLESPACE", "SCHEDULER"),
    "DEBUG": ("CONNECT SESSION", "ANY PROCEDURE"),
    "UNLIMITED": ("TABLESPACE",),
    "RESTRICTED": ("SESSION",),
    "EXEMPT": ("ACCESS POLICY", "REDACTION POLICY"),
    "SET": ("CONTAINER",),
    "UNDER": ("ANY VIEW", "ANY TYPE", "ANY TABLE"),
    "GLOBAL": ("QUERY REWRITE",),
    "QUERY": ("REWRITE",),
    "ADMINISTER": ("DATABASE TRIGGER", "RESOURCE MANAGER", "KEY MANAGEMENT"),
}
SYSTEM_PRIVILEGES = frozenset(f"{verb} {what}" for verb, all_of in _MANAGED.items() for what in all_of)
_SINCE_23 = frozenset({"GRANT ANY SCHEMA PRIVILEGE"})


def system_privileges(major: int) -> frozenset[str]:
    """Return the system privileges that a version has."""
    return SYSTEM_PRIVILEGES if major >= 23 else SYSTEM_PRIVILEGES - _SINCE_23


ENGINE_WIDE = (
    "SELECT ANY TABLE",
    "READ ANY TABLE",
    "INSERT ANY TABLE",
    "UPDATE ANY TABLE",
    "DELETE ANY TABLE",
    "SELECT ANY SEQUENCE",
    "SELECT ANY DICTIONARY",
)
"""System privileges that are engine roles too: every table, sequence or SYS view grants them its rights."""

_NOT_DBA = {"INHERIT ANY PRIVILEGES", "UNLIMITED TABLESPACE", "EXEMPT ACCESS POLICY", "EXEMPT REDACTION POLICY"}
ROLES: dict[str, tuple[str, ...]] = {
    "CONNECT": ("CREATE SESSION", "SET CONTAINER"),
    "RESOURCE": (
        "CREATE TABLE",
        "CREATE SEQUENCE",
        "CREATE PROCEDURE",
        "CREATE TRIGGER",
        "CREATE TYPE",
        "CREATE CLUSTER",
        "CREATE OPERATOR",
        "CREATE INDEXTYPE",
    ),
    "SELECT_CATALOG_ROLE": (),
    "EXECUTE_CATALOG_ROLE": (),
    "AUDIT_ADMIN": ("AUDIT ANY", "AUDIT SYSTEM"),
    "AUDIT_VIEWER": (),
    "ORDS_ADMINISTRATOR_ROLE": (),
    "ORDS_RUNTIME_ROLE": (),
    "DBA": tuple(sorted(SYSTEM_PRIVILEGES - _NOT_DBA)),
}
ROLES_OF_DBA = ("SELECT_CATALOG_ROLE", "EXECUTE_CATALOG_ROLE")

ADMINISTRATIVE = ("SYSDBA", "SYSOPER", "SYSBACKUP", "SYSDG", "SYSKM", "SYSRAC")
"""What makes an account an administrative one; it is kept outside the dictionary, in the password file."""
ANY_OBJECT_PRIVILEGE = "GRANT ANY OBJECT PRIVILEGE"
NOT_FOR_ROLES = ("REFERENCES", "INDEX", "UNLIMITED TABLESPACE")
CODE = ("PACKAGE", "PROCEDURE", "FUNCTION")
OBJECT_PRIVILEGES = {
    "TABLE": ("ALTER", "DELETE", "INDEX", "INSERT", "SELECT", "UPDATE", "REFERENCES", "READ", "DEBUG", "FLASHBACK"),
    "VIEW": ("DELETE", "INSERT", "SELECT", "UPDATE", "REFERENCES", "READ", "DEBUG", "FLASHBACK"),
    "SEQUENCE": ("ALTER", "SELECT"),
    **dict.fromkeys(CODE, ("EXECUTE", "DEBUG")),
}
WRONG_FOR = {
    "TABLE": (2224, "EXECUTE privilege not allowed for tables"),
    "VIEW": (2204, "ALTER, INDEX and EXECUTE not allowed for views"),
    "SEQUENCE": (2205, "only SELECT and ALTER privileges are valid for sequences"),
    **dict.fromkeys(CODE, (2225, "only EXECUTE and DEBUG privileges are valid for procedures")),
}
ON_ENGINE = {"SELECT": "SELECT", "READ": "SELECT", "INSERT": "INSERT", "UPDATE": "UPDATE", "DELETE": "DELETE"}

ROLLOVER = "PASSWORD_ROLLOVER_TIME"
ROLLOVER_SINCE = (19, 12)
DEFAULT_PROFILE = (
    ("COMPOSITE_LIMIT", "KERNEL", "UNLIMITED"),
    ("SESSIONS_PER_USER", "KERNEL", "UNLIMITED"),
    ("CPU_PER_SESSION", "KERNEL", "UNLIMITED"),
    ("CPU_PER_CALL", "KERNEL", "UNLIMITED"),
    ("LOGICAL_READS_PER_SESSION", "KERNEL", "UNLIMITED"),
    ("LOGICAL_READS_PER_CALL", "KERNEL", "UNLIMITED"),
    ("IDLE_TIME", "KERNEL", "UNLIMITED"),
    ("CONNECT_TIME", "KERNEL", "UNLIMITED"),
    ("PRIVATE_SGA", "KERNEL", "UNLIMITED"),
    ("FAILED_LOGIN_ATTEMPTS", "PASSWORD", "10"),
    ("PASSWORD_LIFE_TIME", "PASSWORD", "180"),
    ("PASSWORD_REUSE_TIME", "PASSWORD", "UNLIMITED"),
    ("PASSWORD_REUSE_MAX", "PASSWORD", "UNLIMITED"),
    ("PASSWORD_VERIFY_FUNCTION", "PASSWORD", "NULL"),
    ("PASSWORD_LOCK_TIME", "PASSWORD", "1"),
    ("PASSWORD_GRACE_TIME", "PASSWORD", "7"),
    ("INACTIVE_ACCOUNT_TIME", "PASSWORD", "UNLIMITED"),
    (ROLLOVER, "PASSWORD", "0"),
)


@dataclass(frozen=True)
class Item:
    """What GRANT or REVOKE names: a privilege, with columns, or a role; *of_all*: the word ALL stands for it."""

    name: str
    columns: tuple[str, ...]
    position: int
    of_all: bool = False
