"""Switches of the ORDS metadata packages: every behaviour of real ORDS that is disputed or unconfirmed.

Tags: [D] documented by Oracle, [R] seen in public code or threads, [U] unconfirmed, [CONTRA] sources disagree. The
default is the published behaviour, or where there is none the stricter one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints


@dataclass
class RepositorySettings:
    """How the supplied ORDS packages behave; read at each call, so a change acts at once.

    Args:
        define_module_existing: DEFINE_MODULE on an existing module replaces it, or raises ORA-00001 on
            ORDS_MODULES_UNIQUE1 [CONTRA].
        replace_drops_children: Replacing a module, template or handler drops what is below it [R]; else the row is
            changed in place.
        module_links_survive_define: Privilege links and allowed origins outlive a replaced module [U].
        ids_renewed_on_replace: A replaced row gets a new ID [U].
        unknown_parent_code: Error for a module, template or handler that the call builds on and that is not there:
            1403, or one of 20000-20999 [R].
        unknown_name_code: Error for any other unknown name: schema, role, privilege, module of a privilege [R].
        duplicate_code: Error for a base path, alias or name that another row has: 1, or one of 20000-20999 [U].
        refusal_code: Error, with a clear text, of every other refusal; real numbers are not published [U].
        delete_absent_module_silent: DELETE_MODULE of an absent module does nothing [R].
        delete_absent_role_silent: The same of DELETE_ROLE [U].
        delete_absent_privilege_silent: The same of DELETE_PRIVILEGE [U].
        delete_absent_jwt_profile_silent: The same of DELETE_JWT_PROFILE [U].
        privilege_references_checked: DEFINE_PRIVILEGE refuses unknown roles and modules [D]; else ignores them.
        omitted_privilege_arrays: Overloads of DEFINE_PRIVILEGE without patterns or modules clear or keep them [U].
        set_module_privilege: A second SET_MODULE_PRIVILEGE replaces the first or adds to it [U].
        enable_schema_commits: ENABLE_SCHEMA commits, because its ALTER USER is DDL [U].
        disabled_schema_refuses_definitions: DEFINE_ and CREATE_ calls need an enabled schema, not only a registered
            one [U].
        fold_schema_names: ``p_schema`` in lower case means the upper-case user, if there is no exact match [D by
            example].
        ords_acts_on: ORDS.* works on the session's current schema, or on its user [U].
        sys_calls_refused: SYS and SYSTEM get ORA-06598 [R].
        strict: Also refuse at definition time what is documented to be wrong but may be accepted: reserved names,
            patterns without a leading slash, role claims that are no JSON pointer [U].
        patch_method: Handlers for PATCH are accepted [U].
        mle_handlers: ``mle/javascript`` is accepted; needs database 23ai [D].
        jwt_role_claim: CREATE_JWT_PROFILE has ``p_role_claim_name``, ORDS 25.1 and later [R].
        security_admin_public: ORDS_SECURITY_ADMIN is open to everybody, as before ORDS 26.2.1 [R].
        installed_version: What ORDS.INSTALLED_VERSION and ORDS_VERSION.VERSION say.
        installing: An installation or upgrade is under way: calls raise ORA-01403 [R].
    """

    define_module_existing: Literal["replace", "raise"] = "replace"
    replace_drops_children: bool = True
    module_links_survive_define: bool = False
    ids_renewed_on_replace: bool = True
    unknown_parent_code: int = 1403
    unknown_name_code: int = 1403
    duplicate_code: int = 1
    refusal_code: int = 20002
    delete_absent_module_silent: bool = True
    delete_absent_role_silent: bool = False
    delete_absent_privilege_silent: bool = False
    delete_absent_jwt_profile_silent: bool = True
    privilege_references_checked: bool = True
    omitted_privilege_arrays: Literal["clear", "keep"] = "clear"
    set_module_privilege: Literal["replace", "add"] = "replace"
    enable_schema_commits: bool = True
    disabled_schema_refuses_definitions: bool = True
    fold_schema_names: bool = True
    ords_acts_on: Literal["current_schema", "session_user"] = "current_schema"
    sys_calls_refused: bool = True
    strict: bool = True
    patch_method: bool = False
    mle_handlers: bool = False
    jwt_role_claim: bool = True
    security_admin_public: bool = False
    installed_version: str = "26.3.0.r2911834"
    installing: bool = False

    def apply(self, changes: Mapping[str, Any]) -> None:
        """Change switches by name, all or none.

        Raises:
            ValueError: An unknown switch, or a value it does not take; the text names both.
        """
        hints = get_type_hints(RepositorySettings)
        for name, value in changes.items():
            if name not in hints:
                raise ValueError(f"unknown repository switch {name!r}; known: {', '.join(sorted(hints))}")
            if not _fits(hints[name], value):
                raise ValueError(f"repository switch {name!r} does not take {value!r}")
        for name, value in changes.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """Put every switch back to its default."""
        for each in fields(self):
            setattr(self, each.name, each.default)


def _fits(hint: Any, value: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    return type(value) is hint
