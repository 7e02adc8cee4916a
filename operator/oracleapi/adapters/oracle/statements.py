"""SQL and PL/SQL texts. Pure: nothing of a spec is spliced in, every value is a bind.

Reads go over all names of a schema at once. A change of ORDS metadata is one anonymous block that ends in COMMIT:
one round trip, one transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from oracleapi.model.schema import ChangeSchema, DisableSchema, EnableSchema, Handler, JwtProfile, Module, Privilege

FACTS = """
select (select version_full from product_component_version where rownum = 1),
       ords.installed_version,
       (select rawtohex(guid) from v$pdbs where rownum = 1)
from dual
"""
ROLES = "select role from session_roles"
READABLE = {
    "SELECT on SYS.DBA_USERS": "select 1 from sys.dba_users where 1 = 0",
    "SELECT on SYS.V_$PDBS": "select 1 from v$pdbs where 1 = 0",
    "SELECT on SYS.DBA_SYS_PRIVS": "select 1 from sys.dba_sys_privs where 1 = 0",
    "SELECT on SYS.DBA_ROLE_PRIVS": "select 1 from sys.dba_role_privs where 1 = 0",
}
"""What must be readable besides what the role brings, each with the statement that shows it."""

SCHEMA = """
with held (name) as (
    select username from sys.dba_users where username = :schema_name
    union all
    select p.granted_role from held h join sys.dba_role_privs p on p.grantee = h.name
)
select s.pattern, s.status, (select rawtohex(guid) from v$pdbs where rownum = 1),
       u.oracle_maintained, sys_context('USERENV', 'SESSION_USER'), x.kind, x.name
from sys.dba_users u
left join dba_ords_schemas s on s.parsing_schema = u.username
left join (
    select 'role' kind, name from held
    union all
    select 'privilege' kind, p.privilege name from held h join sys.dba_sys_privs p on p.grantee = h.name
    where p.privilege like '% ANY %'
) x on 1 = 1
where u.username = :schema_name
"""
"""One row for each role and each ANY right of the schema, its own name among the roles."""
HANDLERS = """
select m.name, m.uri_prefix, m.items_per_page, m.status, m.comments,
       t.uri_template, h.id, h.method, h.source_type, h.items_per_page, h.source
from dba_ords_schemas s
join dba_ords_modules m on m.schema_id = s.id
left join dba_ords_templates t on t.module_id = m.id
left join dba_ords_handlers h on h.template_id = t.id
where s.parsing_schema = :schema_name
"""
PARAMETERS = """
select p.handler_id, p.name, p.bind_variable_name, p.source_type, p.param_type, p.access_method
from dba_ords_schemas s join dba_ords_parameters p on p.schema_id = s.id
where s.parsing_schema = :schema_name
"""
PRIVILEGES = """
select p.name, p.comments, x.kind, x.value
from dba_ords_schemas s
join dba_ords_privileges p on p.schema_id = s.id
left join (
    select privilege_id, 'pattern' kind, pattern value from dba_ords_privilege_mappings
    union all
    select privilege_id, 'role' kind, role_name value from dba_ords_privilege_roles
    union all
    select privilege_id, 'module' kind, module_name value from dba_ords_privilege_modules
) x on x.privilege_id = p.id
where s.parsing_schema = :schema_name
"""
ORDS_ROLES = """
select r.name from dba_ords_schemas s join dba_ords_roles r on r.schema_id = s.id
where s.parsing_schema = :schema_name
"""
PROFILE = """
select j.issuer, j.audience, j.jwk_url, j.description
from dba_ords_schemas s join dba_ords_jwt_profile j on j.schema_id = s.id
where s.parsing_schema = :schema_name
"""


@dataclass
class Block:
    """An anonymous block with its binds, grown call by call."""

    binds: dict[str, object] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def bind(self, value: object) -> str:
        """Return the placeholder of *value*; equal values share one."""
        for name, known in self.binds.items():
            if known == value and type(known) is type(value):
                return f":{name}"
        name = f"b{len(self.binds) + 1}"
        self.binds[name] = value
        return f":{name}"

    def call(self, procedure: str, **arguments: object) -> None:
        """Add a call with named arguments; ``None`` is written as NULL."""
        listed = ", ".join(
            f"{name} => {'null' if value is None else self.bind(value)}" for name, value in arguments.items()
        )
        self.lines.append(f"  {procedure}({listed});")

    def array(self, variable: str, values: Iterable[str]) -> None:
        """Fill an index-by table, from 1."""
        self.lines.append(f"  {variable}.delete;")
        self.lines += [f"  {variable}({index}) := {self.bind(value)};" for index, value in enumerate(values, 1)]

    def text(self) -> str:
        """Return the block; arrays are declared, COMMIT ends it."""
        declared = "declare\n  l_roles owa.vc_arr;\n  l_patterns owa.vc_arr;\n  l_modules owa.vc_arr;\n"
        return declared + "begin\n" + "\n".join(self.lines) + "\n  commit;\nend;"


def build_enable(action: EnableSchema) -> Block:
    """Return the block that enables a schema and marks it; enabling commits what is before it, so it comes first."""
    block = Block()
    block.lines.append(
        f"  ords_admin.enable_schema(p_enabled => true, p_schema => {block.bind(action.schema)}, "
        f"p_url_mapping_type => 'BASE_PATH', p_url_mapping_pattern => {block.bind(action.alias)}, "
        "p_auto_rest_auth => true);"
    )
    for name in action.roles:
        block.call("ords_admin.create_role", p_schema=action.schema, p_role_name=name)
    if action.mark is not None:
        _define_privilege(block, action.schema, action.mark)
    return block


def build_disable(action: DisableSchema) -> Block:
    """Return the block that takes our mark away and disables a schema."""
    block = Block()
    for name in action.delete_privileges:
        block.call("ords_admin.delete_privilege", p_schema=action.schema, p_name=name)
    for name in action.delete_roles:
        block.call("ords_admin.delete_role", p_schema=action.schema, p_role_name=name)
    block.lines.append(f"  ords_admin.enable_schema(p_enabled => false, p_schema => {block.bind(action.schema)});")
    return block


def build_change(change: ChangeSchema) -> Block:
    """Return the block of a metadata transaction."""
    block, schema = Block(), change.schema
    if change.drop_profile:
        block.call("ords_security_admin.delete_jwt_profile", p_schema=schema)
    for name in change.delete_modules:
        block.call("ords_admin.delete_module", p_schema=schema, p_module_name=name)
    for name in change.roles:
        block.call("ords_admin.create_role", p_schema=schema, p_role_name=name)
    for module in change.modules:
        _define_module(block, schema, module)
    for privilege in change.privileges:
        _define_privilege(block, schema, privilege)
    if change.profile is not None:
        _create_profile(block, schema, change.profile)
    for name in change.delete_privileges:
        block.call("ords_admin.delete_privilege", p_schema=schema, p_name=name)
    for name in change.delete_roles:
        block.call("ords_admin.delete_role", p_schema=schema, p_role_name=name)
    return block


def _define_module(block: Block, schema: str, module: Module) -> None:
    block.call(
        "ords_admin.define_module",
        p_schema=schema,
        p_module_name=module.name,
        p_base_path=module.base_path,
        p_items_per_page=module.items_per_page,
        p_status=module.status,
        p_comments=module.comments or None,
    )
    for pattern in sorted({pattern for pattern, _ in module.handlers}):
        block.call("ords_admin.define_template", p_schema=schema, p_module_name=module.name, p_pattern=pattern)
    for (pattern, method), handler in sorted(module.handlers.items()):
        _define_handler(block, schema, module.name, pattern, method, handler)


def _define_handler(block: Block, schema: str, module: str, pattern: str, method: str, handler: Handler) -> None:
    block.call(
        "ords_admin.define_handler",
        p_schema=schema,
        p_module_name=module,
        p_pattern=pattern,
        p_method=method,
        p_source_type=handler.source_type,
        p_source=handler.source,
        p_items_per_page=handler.items_per_page,
    )
    for parameter in handler.parameters:
        block.call(
            "ords_admin.define_parameter",
            p_schema=schema,
            p_module_name=module,
            p_pattern=pattern,
            p_method=method,
            p_name=parameter.name,
            p_bind_variable_name=parameter.bind,
            p_source_type=parameter.source,
            p_param_type=parameter.type,
            p_access_method=parameter.access,
        )


def _define_privilege(block: Block, schema: str, privilege: Privilege) -> None:
    block.array("l_roles", privilege.roles)
    block.array("l_patterns", privilege.patterns)
    block.array("l_modules", privilege.modules)
    block.lines.append(
        f"  ords_admin.define_privilege(p_schema => {block.bind(schema)}, "
        f"p_privilege_name => {block.bind(privilege.name)}, p_roles => l_roles, p_patterns => l_patterns, "
        f"p_modules => l_modules, p_label => {block.bind(privilege.name)}, "
        f"p_comments => {block.bind(privilege.comments)});"
    )


def _create_profile(block: Block, schema: str, profile: JwtProfile) -> None:
    block.call(
        "ords_security_admin.create_jwt_profile",
        p_schema=schema,
        p_issuer=profile.issuer,
        p_audience=profile.audience,
        p_jwk_url=profile.jwk_url,
        p_description=profile.description or None,
    )
