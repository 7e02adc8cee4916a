"""The ORDS half: one module for each protection, privileges named like the scope, nobody's role on each."""

from dataclasses import replace

from oracleapi.desired.schema import build_schema, hold_handlers, last_good_handler, schema_owner, stale_handlers
from oracleapi.model.guard import Management
from oracleapi.model.ownership import Owner
from oracleapi.model.schema import NOBODY, Handler, JwtProfile, ObservedSchema
from support import make

READ = make.route("list")
WRITE = make.route("add", method="POST", scope="a.write")
OPEN = make.route("health", path="/health", auth="Public")
API = make.resolved(READ, WRITE, OPEN)
BUILT = build_schema(API, (), None)
READ_MODULE = "oa-a-read-524c50/hr/v1"


def observed(built=BUILT) -> ObservedSchema:
    return ObservedSchema("HR_API", True, "hr_api", True, built.modules, built.privileges, built.profile, frozenset())


def test_one_path_with_two_scopes_lives_in_two_modules() -> None:
    assert len(BUILT.modules) == 4  # with the probe's
    assert set(BUILT.modules[READ_MODULE].handlers) == {("things", "GET")}


def test_a_module_is_the_api_s_and_pages_as_it_asks_for() -> None:
    module = build_schema(make.resolved(READ, itemsPerPage=7), (), None).modules[READ_MODULE]
    assert (module.name, module.base_path, module.items_per_page) == (READ_MODULE, f"/{READ_MODULE}/", 7)
    assert module.comments == API.owner.marker()


def test_privileges_and_profile_are_the_schema_s() -> None:
    assert schema_owner("cluster-1", "HR_API") == Owner("cluster-1", "Schema", None, "HR_API")
    marker = schema_owner("cluster-1", "HR_API").marker()
    assert BUILT.privileges["a.read"].comments == BUILT.marker == marker
    assert BUILT.profile == JwtProfile("https://idp.example.com/", "hr-api", "https://idp.example.com/keys", marker)
    assert build_schema(replace(API, issuer=None), (), None).profile is None


def test_the_probe_has_a_module_of_its_own_that_reads_no_table_and_says_which_request_it_saw() -> None:
    module = BUILT.modules["oa-probe/hr/v1"]
    (handler,) = module.handlers.values()
    assert (module.base_path, module.comments) == ("/oa-probe/hr/v1/", BUILT.modules[READ_MODULE].comments)
    assert handler.source == "select :request_id as request_id from dual"
    assert [(found.name, found.source) for found in handler.parameters] == [("Request-Id", "HEADER")]


def test_without_a_probe_there_is_no_module_for_it() -> None:
    assert set(build_schema(make.resolved(READ, probe=False), (), None).modules) == {READ_MODULE}


def test_an_iam_route_has_no_handler_while_nothing_protects_it() -> None:
    api = make.resolved(READ, make.route("signed", path="/s", auth="IAM"))
    built = build_schema(replace(api, unguarded=frozenset({"signed"})), (), None)
    assert set(built.modules) == {READ_MODULE, "oa-probe/hr/v1"}
    assert ("s", "GET") not in built.modules[READ_MODULE].handlers


def test_behind_the_guard_an_iam_route_has_a_module_without_a_privilege_and_a_closed_path_beside_the_probe() -> None:
    api = make.resolved(READ, make.route("signed", path="/s", auth="IAM"))
    built = build_schema(replace(api, guard=Management("SetRole", "Request-Id")), (), None)
    assert set(built.modules["oa-iam/hr/v1"].handlers) == {("s", "GET")}
    assert set(built.modules["oa-probe/hr/v1"].handlers) == {("_probe", "GET"), ("_closed", "GET")}
    assert set(built.privileges) == {"a.read"}


def test_a_privilege_is_named_like_its_scope_and_covers_the_whole_group() -> None:
    privilege = build_schema(API, (), None).privileges["a.read"]
    assert privilege.patterns == ("/oa-a-read-524c50", "/oa-a-read-524c50/*")
    assert privilege.roles == (NOBODY,)


def test_a_public_group_has_no_privilege() -> None:
    assert set(BUILT.privileges) == {"a.read", "a.write"}


def test_an_api_with_public_routes_only_asks_for_no_profile() -> None:
    assert build_schema(make.resolved(OPEN), (), None).profile is None


def test_a_refused_route_keeps_its_last_good_handler() -> None:
    good = Handler("json/collection", "select 'good' from dual")
    module = replace(BUILT.modules[READ_MODULE], handlers={("things", "GET"): good})
    before = replace(observed(), modules={READ_MODULE: module})
    kept = build_schema(API, {"list"}, before)
    assert kept.modules[READ_MODULE].handlers[("things", "GET")] == good


def test_a_refused_route_without_a_last_good_handler_is_left_out() -> None:
    assert READ_MODULE not in build_schema(API, {"list"}, observed(build_schema(make.resolved(OPEN), (), None))).modules


def test_a_last_good_handler_is_found_by_its_module_path_and_method() -> None:
    good = BUILT.modules[READ_MODULE].handlers["things", "GET"]
    assert last_good_handler(observed(), READ_MODULE, ("things", "GET")) == good
    assert last_good_handler(observed(), READ_MODULE, ("things", "POST")) is None
    assert last_good_handler(observed(), "gone", ("things", "GET")) is None
    assert last_good_handler(None, READ_MODULE, ("things", "GET")) is None


def test_a_refused_route_does_not_keep_the_others_from_their_handlers() -> None:
    built = build_schema(API, {"list"}, None)
    assert set(built.modules) == set(BUILT.modules) - {READ_MODULE}


def test_an_unguarded_route_does_not_keep_the_others_from_their_handlers() -> None:
    api = make.resolved(make.route("signed", path="/s", auth="IAM"), READ)
    assert READ_MODULE in build_schema(replace(api, unguarded=frozenset({"signed"})), (), None).modules


def test_what_is_desired_is_not_stale_and_of_a_deleted_api_everything_is() -> None:
    assert stale_handlers(BUILT, observed(), API.owner) == frozenset()
    fewer = build_schema(make.resolved(READ, make.route("other", path="/other")), (), None)
    assert stale_handlers(BUILT, observed(fewer), API.owner) == {(READ_MODULE, "other", "GET")}
    assert len(stale_handlers(None, observed(), API.owner)) == 4


def test_holding_adds_to_what_is_desired_and_takes_nothing_from_it() -> None:
    fewer = build_schema(make.resolved(READ), (), None)
    more = build_schema(make.resolved(READ, make.route("other", path="/other")), (), None)
    other = (READ_MODULE, "other", "GET")
    held = hold_handlers(fewer, observed(more), {other, ("gone", "x", "GET"), (READ_MODULE, "gone", "GET")})
    assert held == more
    assert hold_handlers(fewer, observed(more), ()) == fewer


def test_one_that_was_taken_away_by_hand_does_not_keep_the_others_from_being_held() -> None:
    nothing = build_schema(make.resolved(OPEN, probe=False), {"health"}, None)
    for missing in (("gone", "x", "GET"), (READ_MODULE, "gone", "GET")):
        held = hold_handlers(nothing, observed(), [missing, (READ_MODULE, "things", "GET")])
        assert set(held.modules) == {READ_MODULE}


def test_what_is_held_keeps_the_profile_only_where_a_privilege_asks_for_tokens() -> None:
    nothing = build_schema(make.resolved(OPEN, probe=False), {"health"}, None)
    assert (nothing.modules, nothing.profile) == ({}, None)
    held = hold_handlers(nothing, observed(), {(READ_MODULE, "things", "GET")})
    assert (set(held.modules), set(held.privileges), held.profile) == ({READ_MODULE}, {"a.read"}, BUILT.profile)
    public = hold_handlers(nothing, observed(), {("oa-public/hr/v1", "health", "GET")})
    assert (set(public.modules), public.privileges, public.profile) == ({"oa-public/hr/v1"}, {}, None)
    other = replace(BUILT.profile, issuer="https://other/") if BUILT.profile is not None else None
    assert hold_handlers(BUILT, replace(observed(), profile=other), ()).profile == BUILT.profile


def test_a_desired_privilege_is_not_replaced_by_one_that_is_held() -> None:
    old = {name: replace(found, roles=("old",)) for name, found in BUILT.privileges.items()}
    held = hold_handlers(BUILT, replace(observed(), privileges=old), {(READ_MODULE, "things", "GET")})
    assert held == BUILT


def test_a_handler_that_moved_is_stale_and_can_be_held_with_its_privilege() -> None:
    moved = build_schema(make.resolved(make.route("list", scope="b.read")), (), None)
    stale = stale_handlers(moved, observed(), API.owner)
    assert (READ_MODULE, "things", "GET") in stale
    held = hold_handlers(moved, observed(), {(READ_MODULE, "things", "GET")})
    assert held.modules[READ_MODULE].handlers == BUILT.modules[READ_MODULE].handlers
    assert "a.read" in held.privileges


def test_somebody_else_s_module_is_never_stale() -> None:
    foreign = replace(BUILT.modules[READ_MODULE], comments="made by hand")
    assert stale_handlers(None, replace(observed(), modules={READ_MODULE: foreign}), API.owner) == frozenset()
