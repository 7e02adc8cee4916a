"""The allow-list of SQL functions: Oracle's name, what its arguments are taken as, and what PostgreSQL runs.

Argument kinds: ``s`` string, ``n`` number (both converted as Oracle converts implicitly), ``a`` as it is; what follows
``?`` is optional. Result kinds: ``s``, ``n``, ``d`` (DATE), ``b`` (condition), ``=`` (like the first argument), ``?``.
Source: Oracle Database SQL Language Reference 19c, "Functions". [D]
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """One function: *template* has ``{}`` for all arguments, or ``{0}``, ``{1}``…"""

    arguments: str
    template: str
    result: str

    @property
    def least(self) -> int:
        return len(self.arguments.partition("?")[0].rstrip("*"))

    @property
    def most(self) -> int:
        return 1000 if self.arguments.endswith("*") else len(self.arguments.replace("?", ""))

    def kind(self, index: int) -> str:
        kinds = self.arguments.replace("?", "").rstrip("*")
        return kinds[min(index, len(kinds) - 1)]


def _same(names: str, arguments: str, result: str) -> dict[str, Function]:
    return {name: Function(arguments, f"ora.{name.lower()}({{}})", result) for name in names.split()}


SCALAR: dict[str, Function] = {
    **_same("SUBSTR SUBSTRB", "sn?n", "s"),
    **_same("INSTR", "ss?nn", "n"),
    **_same("LENGTH LENGTHB ASCII", "s", "n"),
    **_same("REPLACE", "ss?s", "s"),
    **_same("TRANSLATE", "sss", "s"),
    **_same("LPAD RPAD", "sn?s", "s"),
    **_same("CONCAT", "ss", "s"),
    **_same("CHR", "n", "s"),
    **_same("REGEXP_LIKE", "ss?s", "b"),
    **_same("REGEXP_SUBSTR", "ss?nnsn", "s"),
    **_same("REGEXP_INSTR", "ss?nnns", "n"),
    **_same("REGEXP_COUNT", "ss?ns", "n"),
    **_same("REGEXP_REPLACE", "ss?snns", "s"),
    **_same("MOD POWER", "nn", "n"),
    **_same("LAST_DAY", "a", "d"),
    **_same("ADD_MONTHS", "an", "d"),
    **_same("MONTHS_BETWEEN", "aa", "n"),
    **_same("NEXT_DAY", "as", "d"),
    **_same("TO_CHAR", "a?s", "s"),
    **_same("TO_DATE", "s?s", "d"),
    **_same("TO_TIMESTAMP", "s?s", "t"),
    **_same("TO_TIMESTAMP_TZ", "s?s", "z"),
    **_same("NUMTODSINTERVAL", "ns", "i"),
    **_same("NVL", "aa", "="),
    **_same("HEXTORAW", "s", "r"),
    "UPPER": Function("s", "upper({})", "s"),
    "LOWER": Function("s", "lower({})", "s"),
    "INITCAP": Function("s", "initcap({})", "s"),
    **_same("LTRIM RTRIM", "s?s", "s"),
    "ABS": Function("n", "abs({})", "n"),
    "CEIL": Function("n", "ceil({})", "n"),
    "FLOOR": Function("n", "floor({})", "n"),
    "SIGN": Function("n", "sign({})", "n"),
    "SQRT": Function("n", "trim_scale(sqrt({}))", "n"),
    "EXP": Function("n", "exp({})", "n"),
    "LN": Function("n", "ln({})", "n"),
    "LOG": Function("nn", "trim_scale(log({}))", "n"),
    "ROUND": Function("a?a", "ora.round({})", "="),
    "TRUNC": Function("a?a", "ora.trunc({})", "="),
    "TO_NUMBER": Function("a?s", "ora.to_number({})", "n"),
    "TO_CLOB": Function("s", "CAST({} AS ora.clob)", "s"),
    "TO_BLOB": Function("a", "CAST({} AS ora.blob)", "r"),
    "TO_NCHAR": Function("a?s", "ora.to_char({})", "s"),
    "RAWTOHEX": Function("a", "upper(encode({}, 'hex'))", "s"),
    "STANDARD_HASH": Function("s?s", "ora.standard_hash({})", "r"),
    "SYS_GUID": Function("", "decode(replace(CAST(gen_random_uuid() AS text), '-', ''), 'hex')", "r"),
    "NULLIF": Function("aa", "NULLIF({})", "="),
    "FROM_TZ": Function("as", "({0} AT TIME ZONE {1})", "z"),
    "ORA_HASH": Function("s", "CAST(abs(CAST(hashtext({}) AS bigint)) AS numeric)", "n"),
    "SYS_CONTEXT": Function("ss?n", "ora.sys_context({})", "s"),
    "USERENV": Function("s", "ora.sys_context('USERENV', {0})", "s"),
    "JSON_QUERY": Function("ss", "ora.json_query({})", "s"),
    "JSON_EXISTS": Function("ss", "ora.json_exists({})", "b"),
}
AGGREGATES = {
    "COUNT": "n",
    "SUM": "n",
    "AVG": "n",
    "MIN": "=",
    "MAX": "=",
    "STDDEV": "n",
    "VARIANCE": "n",
    "MEDIAN": "n",
    "LISTAGG": "s",
    "JSON_ARRAYAGG": "s",
    "JSON_OBJECTAGG": "s",
}
WINDOW = {
    "ROW_NUMBER": ("", "n"),
    "RANK": ("", "n"),
    "DENSE_RANK": ("", "n"),
    "PERCENT_RANK": ("", "n"),
    "CUME_DIST": ("", "n"),
    "NTILE": ("n", "n"),
    "LAG": ("a?na", "="),
    "LEAD": ("a?na", "="),
    "FIRST_VALUE": ("a", "="),
    "LAST_VALUE": ("a", "="),
}
PSEUDO = {
    "SYSDATE": ("ora.sysdate()", "d"),
    "SYSTIMESTAMP": ("ora.now()", "z"),
    "CURRENT_TIMESTAMP": ("ora.now()", "z"),
    "CURRENT_DATE": ("ora.current_date()", "d"),
    "LOCALTIMESTAMP": ("ora.localtimestamp()", "t"),
    "USER": ("ora.session_user_name()", "s"),
    "UID": ("ora.user_id(ora.session_user_name())", "n"),
    "SESSIONTIMEZONE": ("current_setting('TimeZone')", "s"),
    "DBTIMEZONE": ("CAST('+00:00' AS text)", "s"),
}
