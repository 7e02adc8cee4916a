"""Functions of SQL that PL/SQL expressions may call and that the engine evaluates.

Source: PL/SQL Language Reference, "SQL Functions in PL/SQL Expressions" [D].
"""

THROUGH_SQL: dict[str, str] = {
    **dict.fromkeys(("SYSDATE", "CURRENT_DATE"), "DATE"),
    **dict.fromkeys(("SYSTIMESTAMP", "CURRENT_TIMESTAMP", "FROM_TZ", "TO_TIMESTAMP_TZ"), "TIMESTAMP WITH TIME ZONE"),
    **dict.fromkeys(("LOCALTIMESTAMP", "SYS_EXTRACT_UTC"), "TIMESTAMP"),
    **dict.fromkeys(("USER", "SYS_CONTEXT", "USERENV", "REGEXP_REPLACE", "REGEXP_SUBSTR"), "VARCHAR2"),
    **dict.fromkeys(("SESSIONTIMEZONE", "DBTIMEZONE", "SOUNDEX", "NLS_UPPER", "NLS_LOWER", "NLS_INITCAP"), "VARCHAR2"),
    **dict.fromkeys(("REGEXP_INSTR", "REGEXP_COUNT", "UID", "LN", "LOG", "EXP", "SIN", "COS", "TAN"), "NUMBER"),
    **dict.fromkeys(("ASIN", "ACOS", "ATAN", "ATAN2", "SINH", "COSH", "TANH"), "NUMBER"),
    "SYS_GUID": "RAW",
    "NEXT_DAY": "DATE",
    "REGEXP_LIKE": "BOOLEAN",
}
"""Functions that the engine evaluates, with the type of their value: one source for time, user and context."""

_PSEUDO_COLUMNS = (
    "SYSDATE CURRENT_DATE SYSTIMESTAMP CURRENT_TIMESTAMP LOCALTIMESTAMP USER UID SESSIONTIMEZONE DBTIMEZONE"
)
WITHOUT_ARGUMENTS = frozenset(_PSEUDO_COLUMNS.split())
"""Those written without parentheses."""
