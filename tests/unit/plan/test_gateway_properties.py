"""For any API and any wish: the plan reaches it, stops there, and opens nothing on the way."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from oracleapi.model import gateway as g
from oracleapi.plan.gateway import content_matches, plan_gateway
from support.fakes import FakeApi, FakeGateway

API_ID = "api1"
LOG = g.LogGroup("/aws/vendedlogs/x", 90)
KEYS = ("GET /a", "GET /b", "POST /a", "GET /ords/x/oa-a/a", "DELETE /c/{id}")
SCOPES = ("a", "b", "c")
ISSUERS = ("https://one/", "https://two/")


def integration(path: str, timeout: int, link: str = "link1") -> g.Integration:
    headers = (("Host", "h"),) if path else ()
    return g.Integration(link, "arn", path, headers, timeout)


@st.composite
def desired_route(draw: st.DrawFn, key: str) -> g.GatewayRoute:
    scope = draw(st.sampled_from((*SCOPES, None)))
    timeout = draw(st.sampled_from([1000, 29000]))
    group = "oa-public" if scope is None else f"oa-{scope}"
    path = "$request.path" if "/ords/" in key else f"/ords/x/{group}$request.path"
    found = g.GatewayRoute(key, integration(path, timeout))
    return found if scope is None else replace(found, authorizer="jwt", scope=scope, authorization="JWT")


@st.composite
def throttles(draw: st.DrawFn, keys: list[str]) -> dict[str, g.Throttle]:
    chosen = draw(st.lists(st.sampled_from(keys), unique=True)) if keys else []
    return {key: g.Throttle(draw(st.sampled_from([1.0, 2.0])), 5) for key in chosen}


@st.composite
def stage(draw: st.DrawFn, keys: list[str]) -> g.GatewayStage:
    return g.GatewayStage(
        g.Throttle(draw(st.sampled_from([50.0, 60.0])), 100),
        draw(st.booleans()),
        "arn",
        "{}",
        draw(throttles(keys)),
        draw(st.booleans()),
    )


@st.composite
def desired(draw: st.DrawFn) -> g.DesiredGateway:
    routes = {key: draw(desired_route(key)) for key in draw(st.lists(st.sampled_from(KEYS), unique=True))}
    needs = any(route.authorizer for route in routes.values())
    authorizers = {"jwt": g.Authorizer("jwt", draw(st.sampled_from(ISSUERS)), "aud")} if needs else {}
    wanted = replace(draw(stage(list(routes))), auto_deploy=True)
    return g.DesiredGateway("name", {"owner": "me"}, authorizers, routes, wanted, LOG)


@st.composite
def observed_route(draw: st.DrawFn, key: str, authorizers: list[str]) -> g.GatewayRoute:
    paths = ["", "$request.path", *(f"/ords/x/oa-{group}$request.path" for group in (*SCOPES, "public"))]
    content = integration(
        draw(st.sampled_from(paths)), draw(st.sampled_from([1000, 29000])), draw(st.sampled_from(["link1", "link0"]))
    )
    found = g.GatewayRoute(key, draw(st.one_of(st.none(), st.just(content))))
    if not authorizers or draw(st.booleans()):
        return replace(found, authorization=draw(st.sampled_from(["NONE", "AWS_IAM"])))
    scope = draw(st.sampled_from((*SCOPES, "a b", None)))
    return replace(found, authorizer=draw(st.sampled_from(authorizers)), scope=scope, authorization="JWT")


@st.composite
def worlds(draw: st.DrawFn) -> FakeGateway:
    """An account with one API that anybody may have changed by hand."""
    world = FakeGateway()
    names = draw(st.lists(st.sampled_from(["jwt", "other"]), unique=True))
    authorizers = {name: g.Authorizer(name, draw(st.sampled_from(ISSUERS)), "aud") for name in names}
    keys = draw(st.lists(st.sampled_from((*KEYS, "GET /by-hand")), unique=True))
    routes = {key: draw(observed_route(key, names)) for key in keys}
    tags = draw(st.sampled_from([{"owner": "me"}, {}, {"owner": "x", "more": "y"}]))
    identity = g.ApiIdentity(API_ID, draw(st.sampled_from(["name", "x"])), "https://h", tags)
    found = FakeApi(identity, authorizers, routes, draw(st.one_of(st.none(), stage(keys))))
    world.apis[API_ID] = found
    if found.stage is not None and not found.stage.auto_deploy:
        found.deploy()
    if draw(st.booleans()):
        world.log_groups[LOG.name] = replace(LOG, retention_days=draw(st.sampled_from([90, 7])))
    return world


def observe(world: FakeGateway, detailed: bool) -> g.ObservedGateway:
    return g.ObservedGateway(
        world.apis[API_ID].identity,
        world.observe_content(API_ID, detailed),
        world.observe_stage(API_ID),
        world.observe_log_group(LOG.name),
    )


@given(desired(), worlds(), st.booleans())
@settings(deadline=None, max_examples=100, derandomize=True)
def test_a_plan_reaches_its_end_in_steps_that_open_nothing_and_leaves_nothing_to_plan(
    wanted: g.DesiredGateway, world: FakeGateway, detailed: bool
) -> None:
    before = observe(world, detailed)
    together = met_together(world.apis[API_ID].deployed.routes, wanted.routes)
    for action in plan_gateway(wanted, before).actions:
        event(type(action).__name__)
        world.apply(action)
        for key, route in world.apis[API_ID].routes.items():
            check_step(action.describe(), before.routes.get(key), wanted.routes.get(key), route)
        if before.stage is not None:
            deployed = world.apis[API_ID].deployed.routes
            new = {key for key in together if deployed.get(key) == wanted.routes.get(key)}
            assert new in (set(), together), f"after {action.describe()} callers meet {new} of {together}"
    after = observe(world, detailed)
    again = plan_gateway(wanted, after)
    assert (again.actions, again.drift) == ((), ())
    assert content_matches(wanted, after)


def met_together(now: Mapping[str, g.GatewayRoute], wanted: Mapping[str, g.GatewayRoute]) -> set[str]:
    """Return the keys whose callers meet a change, but for a protection alone, which is put back at once."""
    found = {key for key in {*now, *wanted} if now.get(key) != wanted.get(key)}
    return {
        key for key in found if not (key in now and key in wanted and now[key].integration == wanted[key].integration)
    }


def check_step(step: str, old: g.GatewayRoute | None, new: g.GatewayRoute | None, now: g.GatewayRoute) -> None:
    """Check that a route is what it was or what it shall be, never half of each, and never newly open."""
    assert state(now) in [state(found) for found in (old, new) if found is not None], (
        f"{step} left {now.key} half moved"
    )
    if new is not None and new.authorization == "JWT" and now.authorization == "NONE":
        assert old is not None, f"{step} made {now.key} without its protection"
        assert old.authorization == "NONE", f"{step} opened {now.key}"


def state(route: g.GatewayRoute) -> tuple[object, ...]:
    """Return what a caller of the route needs and where it leads."""
    path = route.integration.path if route.integration is not None else None
    return route.authorization, route.authorizer, route.scope, path


@given(desired(), worlds(), st.booleans())
@settings(deadline=None, max_examples=60, derandomize=True)
def test_a_plan_tells_what_it_repairs_takes_away_last_and_imports_only_the_unborn(
    wanted: g.DesiredGateway, world: FakeGateway, detailed: bool
) -> None:
    found = observe(world, detailed)
    plan = plan_gateway(wanted, found)
    assert all(drift.desired != drift.observed for drift in plan.drift)
    assert bool(plan.drift) == (bool(plan.actions) and found.stage is not None)
    kinds = [type(action) for action in plan.actions]
    first = min((n for n, action in enumerate(plan.actions) if action.verb == "delete"), default=len(kinds))
    assert not {g.CreateAuthorizer, g.CreateRoute, g.UpdateRoute, g.UpdateIntegration} & {*kinds[first:]}
    imports = any(isinstance(action, g.ImportApi) for action in plan.actions)
    assert imports == (found.stage is None and not found.routes)
