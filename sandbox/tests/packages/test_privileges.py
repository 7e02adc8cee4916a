"""Roles, privileges and JWT profiles."""

import pytest

from oracleapi_sandbox.oracle.ports import OracleError

HR = {"p_schema": "HR"}
NAME = {**HR, "p_privilege_name": "hr.read"}


@pytest.fixture
def hr(operator):
    """A session with module ``m`` and role ``reader``."""
    operator.call("ORDS_ADMIN.DEFINE_MODULE", **HR, p_module_name="m", p_base_path="/m/")
    operator.call("ORDS_ADMIN.CREATE_ROLE", **HR, p_role_name="reader")
    return operator


def failure(session, name, **arguments):
    with pytest.raises(OracleError) as caught:
        session.call(name, **arguments)
    return caught.value


def own(ords):
    """The privileges that are not ORDS's own, by name."""
    found = ords.snapshot().schemas["hr"].privileges
    return {each.name: each for each in found if not each.name.startswith("oracle.")}


def test_a_privilege_holds_exactly_the_arrays_it_was_given_last(ords, hr):
    arrays = {"p_roles": ["reader"], "p_patterns": ["/m", "/m/*"], "p_modules": ["m"]}
    hr.call("ORDS_ADMIN.DEFINE_PRIVILEGE", **NAME, **arrays, p_label="L", p_comments="C")
    hr.commit()
    found = own(ords)["hr.read"]
    assert (found.roles, found.patterns, found.modules) == (("reader",), ("/m", "/m/*"), ("m",))
    hr.call("ORDS_ADMIN.DEFINE_PRIVILEGE", **NAME, p_roles=[], p_patterns=["/n"], p_modules=[])
    hr.commit()
    found = own(ords)["hr.read"]
    assert (found.roles, found.patterns, found.modules) == ((), ("/n",), ())


@pytest.mark.parametrize(("switch", "patterns", "modules"), [("clear", (), ()), ("keep", ("/m",), ("m",))])
def test_an_overload_without_arrays_clears_or_keeps_them(ords, hr, switch, patterns, modules):
    ords.settings.apply({"omitted_privilege_arrays": switch})
    hr.call("ORDS_ADMIN.DEFINE_PRIVILEGE", **NAME, p_roles=[], p_patterns=["/m"], p_modules=["m"])
    hr.call("ORDS_ADMIN.DEFINE_PRIVILEGE", **NAME, p_roles=["reader"])
    hr.commit()
    found = own(ords)["hr.read"]
    assert (found.roles, found.patterns, found.modules) == (("reader",), patterns, modules)


@pytest.mark.parametrize("arrays", [{"p_roles": ["Reader"]}, {"p_modules": ["n"]}, {"p_roles": [None]}])
def test_unknown_roles_and_modules_are_refused_unless_switched(ords, hr, arrays):
    arrays = {"p_roles": [], "p_patterns": [], "p_modules": [], **arrays}
    assert failure(hr, "ORDS_ADMIN.DEFINE_PRIVILEGE", **NAME, **arrays).code == 1403
    ords.settings.apply({"unknown_name_code": 20044})
    assert failure(hr, "ORDS_ADMIN.DEFINE_PRIVILEGE", **NAME, **arrays).code == 20044
    ords.settings.apply({"privilege_references_checked": False})
    hr.call("ORDS_ADMIN.DEFINE_PRIVILEGE", **NAME, **arrays)
    assert hr.view("DBA_ORDS_PRIVILEGES", "NAME")[0] == ("hr.read",)


@pytest.mark.parametrize(
    ("patterns", "code"), [(["m/*"], 20002), (["/a", "/a"], 1), ([None], 1400), (["/" + "x" * 255], 12899)]
)
def test_wrong_patterns_are_refused(hr, patterns, code):
    assert failure(hr, "ORDS_ADMIN.DEFINE_PRIVILEGE", **NAME, p_roles=[], p_patterns=patterns).code == code


@pytest.mark.parametrize("survive", [False, True])
def test_module_links_are_lost_when_the_module_is_defined_again_unless_switched(ords, hr, survive):
    ords.settings.apply({"module_links_survive_define": survive})
    hr.call("ORDS_ADMIN.DEFINE_PRIVILEGE", **NAME, p_roles=[], p_patterns=["/m"], p_modules=["m"])
    hr.call("ORDS_ADMIN.DEFINE_MODULE", **HR, p_module_name="m", p_base_path="/m/")
    hr.commit()
    assert own(ords)["hr.read"].modules == (("m",) if survive else ())
    assert own(ords)["hr.read"].patterns == ("/m",)


@pytest.mark.parametrize(("switch", "kept"), [("replace", ()), ("add", ("m",))])
def test_a_second_set_module_privilege_replaces_or_adds(ords, hr, switch, kept):
    ords.settings.apply({"set_module_privilege": switch})
    for name in ("first", "second"):
        hr.call("ORDS_ADMIN.DEFINE_PRIVILEGE", **HR, p_privilege_name=name, p_roles=[])
    for name in ("first", "second", "second"):
        hr.call("ORDS_ADMIN.SET_MODULE_PRIVILEGE", **HR, p_module_name="m", p_privilege_name=name)
    hr.commit()
    assert (own(ords)["first"].modules, own(ords)["second"].modules) == (kept, ("m",))


def test_roles_are_created_once_renamed_and_deleted_with_their_links(ords, hr):
    assert failure(hr, "ORDS_ADMIN.CREATE_ROLE", **HR, p_role_name="reader").code == 20002
    hr.call("ORDS_ADMIN.DEFINE_PRIVILEGE", **NAME, p_roles=["reader"], p_patterns=["/m"])
    hr.call("ORDS_ADMIN.RENAME_ROLE", **HR, p_role_name="reader", p_new_name="Reader 2")
    hr.commit()
    assert own(ords)["hr.read"].roles == ("Reader 2",)
    hr.call("ORDS_ADMIN.DELETE_ROLE", **HR, p_role_name="Reader 2")
    hr.commit()
    assert own(ords)["hr.read"].roles == ()


def test_privileges_are_deleted_by_p_name_and_renamed(hr):
    hr.call("ORDS_ADMIN.DEFINE_PRIVILEGE", **NAME, p_roles=[])
    hr.call("ORDS_ADMIN.RENAME_PRIVILEGE", **HR, p_name="hr.read", p_new_name="hr.all")
    assert failure(hr, "ORDS_ADMIN.DELETE_PRIVILEGE", **HR, p_privilege_name="hr.all").code == 6550
    hr.call("ORDS_ADMIN.DELETE_PRIVILEGE", **HR, p_name="hr.all")
    assert ("hr.all",) not in hr.view("DBA_ORDS_PRIVILEGES", "NAME")


@pytest.mark.parametrize(
    ("call", "arguments", "switch"),
    [
        ("ORDS_ADMIN.DELETE_ROLE", {"p_role_name": "no"}, "delete_absent_role_silent"),
        ("ORDS_ADMIN.DELETE_PRIVILEGE", {"p_name": "no"}, "delete_absent_privilege_silent"),
        ("ORDS_SECURITY_ADMIN.DELETE_JWT_PROFILE", {}, "delete_absent_jwt_profile_silent"),
    ],
)
def test_deleting_what_is_absent_raises_or_is_silent(ords, hr, call, arguments, switch):
    ords.settings.apply({switch: False})
    assert failure(hr, call, **HR, **arguments).code == 1403
    ords.settings.apply({switch: True})
    hr.call(call, **HR, **arguments)


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("DELETE_ROLE", {"p_role_name": "SQL Developer"}),
        ("CREATE_ROLE", {"p_role_name": "oracle.mine"}),
        ("DELETE_PRIVILEGE", {"p_name": "oracle.soda.privilege.developer"}),
        ("DEFINE_PRIVILEGE", {"p_privilege_name": "oracle.soda.privilege.developer", "p_roles": []}),
    ],
)
def test_names_of_ords_itself_are_reserved_when_strict(ords, hr, call, arguments):
    assert failure(hr, f"ORDS_ADMIN.{call}", **HR, **arguments).code == 20002
    ords.settings.apply({"strict": False})
    hr.call(f"ORDS_ADMIN.{call}", **HR, **arguments)


def test_builtins_show_in_the_views_of_an_enabled_schema_and_are_not_the_callers(hr):
    roles = dict(hr.view("DBA_ORDS_ROLES", "NAME", "CREATED_BY"))
    assert (roles["SQL Developer"], roles["reader"]) == ("ORDS_METADATA", "OPERATOR")
    assert "oracle.dbtools.role.autorest.HR" in roles
    assert ("oracle.soda.privilege.developer", "/soda/*") in hr.view("DBA_ORDS_PRIVILEGE_MAPPINGS", "NAME", "PATTERN")


PROFILE = {**HR, "p_issuer": "https://idp/", "p_audience": "api", "p_jwk_url": "https://idp/jwks"}


def test_a_schema_has_at_most_one_profile_which_is_replaced_by_delete_and_create(ords, hr):
    hr.call("ORDS_SECURITY_ADMIN.CREATE_JWT_PROFILE", **PROFILE, p_allowed_skew=60, p_role_claim_name="/roles")
    assert failure(hr, "ORDS_SECURITY_ADMIN.CREATE_JWT_PROFILE", **PROFILE).code == 20002
    hr.commit()
    profile = ords.snapshot().schemas["hr"].jwt_profile
    assert (profile.issuer, profile.allowed_skew, profile.role_claim_name) == ("https://idp/", 60, "/roles")
    hr.call("ORDS_SECURITY_ADMIN.DELETE_JWT_PROFILE", **HR)
    hr.call("ORDS_SECURITY_ADMIN.CREATE_JWT_PROFILE", **PROFILE)
    hr.commit()
    assert ords.snapshot().schemas["hr"].jwt_profile.role_claim_name is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"p_jwk_url": "http://idp/jwks"}, 20002),
        ({"p_allowed_skew": 61}, 20002),
        ({"p_role_claim_name": "roles"}, 20002),
        ({"p_issuer": None}, 1400),
    ],
)
def test_wrong_profiles_are_refused(hr, change, code):
    assert failure(hr, "ORDS_SECURITY_ADMIN.CREATE_JWT_PROFILE", **{**PROFILE, **change}).code == code


def test_ords_before_25_1_has_no_role_claim(ords, hr):
    ords.settings.apply({"jwt_role_claim": False})
    error = failure(hr, "ORDS_SECURITY_ADMIN.CREATE_JWT_PROFILE", **PROFILE, p_role_claim_name="/roles")
    assert "PLS-00306" in error.message
    hr.call("ORDS_SECURITY_ADMIN.CREATE_JWT_PROFILE", **PROFILE)
