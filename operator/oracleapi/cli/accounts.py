"""The account that the operator logs in with: exactly these rights, each with its reason. Pure.

Source: docs/database.md, roles.md and bindings.md, which a test holds to the same statements.
"""

from oracleapi.adapters.oracle.roles import quoted

RIGHTS = (
    ("CREATE SESSION", "to log in"),
    ("ORDS_ADMINISTRATOR_ROLE", "to define modules, privileges and profiles of a schema"),
    ("SELECT ON sys.dba_users", "to tell a schema that does not exist from one that is not enabled"),
    ("SELECT ON sys.v_$pdbs", "the identity of the database"),
    ("SELECT ON sys.dba_sys_privs", "to refuse schemas with ANY rights"),
    ("SELECT ON sys.dba_role_privs", "to refuse schemas with DBA, and to see who holds a role"),
)
ROLE_RIGHTS = (
    ("CREATE ROLE", "OracleRole: to create roles of its own; it holds no GRANT ANY ROLE"),
    ("SELECT ON sys.dba_roles", "OracleRole: what is there, and how it is enabled"),
    ("SELECT ON sys.dba_application_roles", "OracleRole: which package enables a role"),
    ("SELECT ON sys.dba_tab_privs", "OracleRole: what a role holds on objects"),
    ("SELECT ON sys.dba_col_privs", "OracleRole: what a role holds on columns"),
    ("SELECT ON sys.dba_objects", "OracleRole: which objects are there"),
    ("SELECT ON sys.proxy_users", "RoleBinding: whether ORDS may enable roles for a schema"),
)


def account_statements(operator: str, password: str) -> list[str]:
    """Return what a DBA runs to make the operator's account.

    Args:
        password: A plain password, or a placeholder such as ``&operator_password``.

    Raises:
        ValueError: *operator* is no plain identifier, or the password would end its quotes.
    """
    if '"' in password or not password.isprintable():
        raise ValueError("a password holds neither double quotes nor control characters")
    return [
        f'CREATE USER {quoted(operator)} IDENTIFIED BY "{password}"',
        *reasons_of(operator),
    ]


def reasons_of(operator: str) -> dict[str, str]:
    """Return why the account needs what, by statement. Raises as :func:`account_statements`."""
    return {f"GRANT {right} TO {quoted(operator)}": why for right, why in (*RIGHTS, *ROLE_RIGHTS)}
