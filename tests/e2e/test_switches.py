"""Every unproven claim in its other position: the API is right, or safe and says so. See docs/unproven.md."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.lab import QUICK_S, Lab, wait_for
from support.prober import Prober
from support.tricks import climbs, disguises, send

READS = ("Get", "List", "Describe", "Export", "Filter")
BASE = "/hr/v1"
ECHO = {
    "name": "echo",
    "method": "GET",
    "path": "/echo/{word}",
    "auth": "Public",
    "handler": {
        "type": "Item",
        "source": "select :word as word from dual",
        "parameters": [{"name": "word", "in": "Path"}],
    },
}
Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def clean(switches: Lab) -> Iterator[Lab]:
    """The lab; APIs go while the test's switches still hold, then the switches are put back."""
    yield switches
    switches.kubectl("-n", "hr", "delete", "oapi", "--all", "--ignore-not-found", "--timeout=90s")


def _birth(lab: Lab, manifest: dict[str, Any]) -> dict[str, Any]:
    lab.apply(manifest)
    return lab.wait_ready("oapi", manifest["metadata"]["name"], "hr")


def _edited(manifest: dict[str, Any], edit: Edit) -> dict[str, Any]:
    found = copy.deepcopy(manifest)
    edit(found["spec"])
    return found


def _route(spec: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(route for route in spec["routes"] if route["name"] == name)
    return found


def _with_echo(example: dict[str, Any]) -> dict[str, Any]:
    return _edited(example, lambda spec: spec["routes"].append(copy.deepcopy(ECHO)))


def _base_at_ords(lab: Lab, api: dict[str, Any], scope: str) -> str:
    group = next(found for found in api["status"]["groups"] if found.get("scope") == scope)
    return f"{lab.environment['ORDS_URL']}/hr_api{group['basePath']}"


def _serves(lab: Lab, api: dict[str, Any]) -> None:
    """Callers get what they may, at the gateway and straight at ORDS."""
    url = f"{api['status']['endpoint']}{BASE}"
    assert lab.call("GET", f"{url}/employees/101", lab.token()).json()["last_name"] == "Kochhar"
    assert lab.call("GET", f"{url}/health").json()["status"] == "ok"
    _closed(lab, api)


def _closed(lab: Lab, api: dict[str, Any]) -> None:
    """No protected route answers without a token or with the wrong scope, at neither door."""
    url = f"{api['status']['endpoint']}{BASE}/employees"
    assert lab.call("GET", url).status_code == 401
    assert lab.call("POST", url, json={}).status_code == 401
    assert lab.call("POST", url, lab.token(), json={}).status_code == 403
    for scope, method in (("hr.read", "GET"), ("hr.write", "POST")):
        at_ords = f"{_base_at_ords(lab, api, scope)}employees"
        assert lab.call(method, at_ords).status_code == 401
        assert lab.call(method, at_ords, lab.token(scope="other")).status_code in (401, 403)


def _rests(lab: Lab) -> None:
    """A second pass writes nothing."""
    lab.reconcile("oapi", "hr", "hr")
    seen = len(lab.aws_calls())
    statements = lab.statements()[-1]["seq"]
    lab.reconcile("oapi", "hr", "hr")
    assert [call["operation"] for call in lab.aws_calls()[seen:] if not call["operation"].startswith(READS)] == []
    assert lab.changes(statements) == []


def _reached(lab: Lab, since: int) -> set[str]:
    """Return the ORDS modules that answered a request with success."""
    return {found["module"] for found in lab.ords_requests(since) if found["alias"] and found["status"] < 400}


# API Gateway: import and export


@pytest.mark.parametrize("keeps", [False, True])
def test_mappings_stand_before_the_stage_whether_or_not_an_import_keeps_them(
    clean: Lab, example: dict[str, Any], keeps: bool
) -> None:
    clean.set_aws(import_keeps_mappings=keeps)
    seen = len(clean.aws_calls())
    api = _birth(clean, example)
    written = [call["operation"] for call in clean.aws_calls()[seen:] if not call["operation"].startswith(READS)]
    mended = [operation for operation in written if operation == "UpdateIntegration"]
    assert bool(mended) is not keeps
    assert written[-1] == "CreateStage"
    integrations = clean.aws("apigatewayv2").get_integrations(ApiId=api["status"]["apiId"], MaxResults="500")["Items"]
    assert len(mended) in (0, len(integrations))
    for found in integrations:
        assert set(found["RequestParameters"]) == {
            "overwrite:path", "overwrite:header.Host", "overwrite:header.Request-Id"
        }  # fmt: skip
    _serves(clean, api)
    _rests(clean)


def test_an_export_without_mappings_is_not_taken_for_drift_and_drift_is_still_found(
    clean: Lab, example: dict[str, Any]
) -> None:
    clean.set_aws(export_shows_mappings=False)
    try:
        api = _birth(clean, example)
        _serves(clean, api)
        _rests(clean)
        gateway, api_id = clean.aws("apigatewayv2"), api["status"]["apiId"]
        integration = gateway.get_integrations(ApiId=api_id, MaxResults="500")["Items"][0]
        gateway.update_integration(
            ApiId=api_id,
            IntegrationId=integration["IntegrationId"],
            RequestParameters={"overwrite:header.Host": "evil.example.com"},
        )
        drift = clean.reconcile("oapi", "hr", "hr")["status"]["drift"]
        assert any("integration" in entry["field"] for entry in drift)
        mended = gateway.get_integration(ApiId=api_id, IntegrationId=integration["IntegrationId"])
        assert mended["RequestParameters"] == integration["RequestParameters"]
    finally:  # the operator remembers what exports of this account show; the other tests begin anew
        clean.set_aws(export_shows_mappings=True)
        clean.stop_operator()
        clean.start_operator()


@pytest.mark.parametrize(
    "settings",
    [
        {"reimport_keeps_ids": False, "reimport_replaces_tags": True},
        {"reimport_keeps_ids": True, "reimport_replaces_tags": False},
    ],
    ids=["ids renewed, tags replaced", "ids kept, tags kept"],
)
def test_ids_and_tags_after_a_reimport_do_not_matter(
    clean: Lab, example: dict[str, Any], settings: dict[str, bool]
) -> None:
    clean.set_aws(**settings)
    api = _birth(clean, example)
    tags = clean.aws("apigatewayv2").get_api(ApiId=api["status"]["apiId"])["Tags"]
    assert tags["oracleapi.dev/owner"].endswith("/OracleApi/hr/hr")
    assert tags["cost-centre"] == "42"
    _serves(clean, api)
    _rests(clean)


@pytest.mark.parametrize("accepts", [False, True])
def test_nothing_is_imported_before_the_link_is_available(clean: Lab, example: dict[str, Any], accepts: bool) -> None:
    clean.set_aws(import_accepts_pending_link=accepts, vpc_link_seconds=3)
    seen = len(clean.aws_calls())
    name = f"slow-{accepts}".lower()
    _copy(clean, "vpcl", "private", name)
    _copy(clean, "odb", "hr-db", name, lambda spec: spec["ords"]["gatewayTarget"]["vpcLinkRef"].update(name=name))
    clean.apply(_edited(example, lambda spec: spec["databaseRef"].update(name=name)))
    waiting = clean.wait_reason("oapi", "hr", "LinkPending", "hr")
    assert "VPC link" in waiting["message"]
    _serves(clean, clean.wait_ready("oapi", "hr", "hr"))
    calls = [call["operation"] for call in clean.aws_calls()[seen:]]
    available = max(index for index, call in enumerate(calls) if call == "GetVpcLinks")
    assert calls.index("CreateApi") > available
    clean.kubectl("-n", "hr", "delete", "oapi", "hr", "--timeout=90s")
    clean.kubectl("delete", f"odb/{name}", f"vpcl/{name}", "--timeout=90s")


def _copy(lab: Lab, kind: str, name: str, new: str, edit: Edit = lambda spec: None) -> None:
    """Apply a copy of an offer under another name."""
    found = lab.get(kind, name)
    kept = {key: found[key] for key in ("apiVersion", "kind", "spec")}
    lab.apply(_edited(kept | {"metadata": {"name": new}}, edit))


def test_where_a_path_cannot_be_static_and_variable_callers_get_an_error_and_nothing_opens(
    clean: Lab, example: dict[str, Any]
) -> None:
    clean.set_aws(static_plus_request_path=False)
    api = _birth(clean, example)
    url = f"{api['status']['endpoint']}{BASE}"
    seen = clean.ords_requests()[-1]["seq"]
    assert clean.call("GET", f"{url}/employees", clean.token()).status_code == 500
    assert clean.call("GET", f"{url}/health").status_code == 500
    assert [found for found in clean.ords_requests(seen) if found["alias"]] == []
    _closed(clean, api)


def test_where_such_a_path_is_refused_at_once_the_api_gets_no_stage_and_says_what_aws_said(
    clean: Lab, example: dict[str, Any]
) -> None:
    clean.set_aws(path_static_plus_variable=False)
    clean.apply(example)
    found = clean.wait_reason("oapi", "hr", "AwsRefused", "hr")
    assert "ReimportApi" in found["message"]
    api_id = clean.get("oapi", "hr", "hr")["status"]["apiId"]
    assert clean.aws("apigatewayv2").get_stages(ApiId=api_id)["Items"] == []


def test_other_shapes_of_stages_exports_and_pages_change_nothing(clean: Lab, example: dict[str, Any]) -> None:
    clean.set_aws(
        stage_settings_merge=False, omitted_throttle_is_zero=True, export_shares_integrations=True,
        export_shows_tags=False, autodeploy_on_publishes=False, default_page_size=2, max_page_size=2,
    )  # fmt: skip
    api = _birth(clean, example)
    _serves(clean, api)
    stage = clean.aws("apigatewayv2").get_stage(ApiId=api["status"]["apiId"], StageName="$default")
    throttles = {
        key: (found["ThrottlingRateLimit"], found["ThrottlingBurstLimit"], found["DetailedMetricsEnabled"])
        for key, found in stage["RouteSettings"].items()
    }
    assert throttles.pop(f"GET {BASE}/_probe") == (1.0, 2, True)
    assert set(throttles.values()) == {(10.0, 20, True)}
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 100.0
    _rests(clean)


# API Gateway: eventual visibility


def test_a_list_that_lags_makes_no_second_api(clean: Lab, example: dict[str, Any]) -> None:
    clean.set_aws(list_lag_ms=5_000)
    seen = len(clean.aws_calls())
    _birth(clean, example)
    api = _birth(clean, _edited(example, lambda spec: _route(spec, "get-employee").update(timeoutMilliseconds=5000)))
    _serves(clean, api)
    clean.set_aws(list_lag_ms=3_600_000)
    assert [call["operation"] for call in clean.aws_calls()[seen:]].count("CreateApi") == 1
    clean.kubectl("-n", "hr", "delete", "oapi", "hr", "--timeout=90s")
    with pytest.raises(clean.aws("apigatewayv2").exceptions.NotFoundException):
        clean.aws("apigatewayv2").get_api(ApiId=api["status"]["apiId"])


def test_a_list_that_lags_makes_no_second_link(clean: Lab) -> None:
    clean.set_aws(list_lag_ms=60_000, vpc_link_seconds=1)
    seen = len(clean.aws_calls())
    _copy(clean, "vpcl", "private", "late")
    clean.wait_ready("vpcl", "late")
    assert [call["operation"] for call in clean.aws_calls()[seen:]].count("CreateVpcLink") == 1
    clean.kubectl("delete", "vpcl/late", "--timeout=90s")


# API Gateway: path tricks

GATEWAY_TRICKS = (
    {"decode_encoded_dots": True},
    {"decode_encoded_slash": True},
    {"resolve_dot_segments": True},
    {"collapse_slashes": True, "strip_path_parameters": True},
    {"decode_encoded_dots": True, "decode_encoded_slash": True, "resolve_dot_segments": True},
    {
        "decode_encoded_dots": True, "decode_encoded_slash": True, "resolve_dot_segments": True,
        "collapse_slashes": True, "strip_path_parameters": True, "normalise_after_routing": True,
    },
    {"decode_for_routing": True, "decode_path_variables": True, "greedy_matches_empty": True},
)  # fmt: skip


def test_whatever_the_gateway_resolves_no_request_without_token_reaches_a_protected_handler(
    clean: Lab, example: dict[str, Any]
) -> None:
    api = _birth(clean, _with_echo(example))
    endpoint = api["status"]["endpoint"]
    slug = _base_at_ords(clean, api, "hr.read").split("/hr_api/")[1].split("/")[0]
    targets = [f"{BASE}/echo/{climb}" for climb in climbs("employees", range(1, 2))]
    targets += [f"{BASE}/echo/{climb}" for climb in climbs(f"{slug}{BASE}/employees", range(4, 5))]
    targets += [*disguises(f"{BASE}/employees"), *disguises(f"{BASE}/employees/101")]
    seen = clean.ords_requests()[-1]["seq"]
    off = {name: False for settings in GATEWAY_TRICKS for name in settings}
    for settings in GATEWAY_TRICKS:
        clean.set_aws(**{**off, **settings})
        for target in targets:
            assert "last_name" not in send(clean, endpoint, target).text, (settings, target)
    reached = _reached(clean, seen)
    assert reached == {f"oa-public{BASE}"}


# ORDS: metadata


@pytest.mark.parametrize(
    "repository",
    [
        {"define_module_existing": "raise"},
        {"define_module_existing": "replace", "replace_drops_children": False},
        {"module_links_survive_define": True},
        {"module_links_survive_define": False, "ids_renewed_on_replace": False},
    ],
    ids=lambda settings: ", ".join(f"{key}={value}" for key, value in settings.items()),
)
def test_an_edit_of_a_handler_works_however_modules_are_redefined(
    clean: Lab, example: dict[str, Any], repository: dict[str, Any]
) -> None:
    clean.set_oracle(repository=repository)
    _serves(clean, _birth(clean, example))
    source = "select last_name, 'new' as version from hr.employees where employee_id = :id"
    edited = _edited(example, lambda spec: _route(spec, "get-employee")["handler"].update(source=source))
    api = _birth(clean, edited)
    url = f"{api['status']['endpoint']}{BASE}/employees/101"
    assert clean.call("GET", url, clean.token()).json()["version"] == "new"
    _serves(clean, api)
    _rests(clean)


# ORDS: protection


def test_where_scope_mode_looks_at_roles_every_token_is_refused_and_nothing_opens(
    clean: Lab, example: dict[str, Any]
) -> None:
    clean.set_oracle(ords={"scope_mode_checks_roles": True})
    api = _birth(clean, example)
    url = f"{api['status']['endpoint']}{BASE}"
    assert clean.call("GET", f"{url}/employees", clean.token()).status_code == 401
    assert clean.call("POST", f"{url}/employees", clean.token(scope="hr.write"), json={}).status_code == 401
    assert clean.call("GET", f"{url}/health").status_code == 200
    assert clean.condition("oapi", "hr", "hr", "Protected")["status"] == "True"
    _closed(clean, api)


@pytest.mark.parametrize("ords", [{"missing_scope_status": 403}, {"pattern_star_covers_base": True}], ids=str)
def test_other_answers_of_ords_to_callers_it_refuses_change_nothing(
    clean: Lab, example: dict[str, Any], ords: dict[str, Any]
) -> None:
    clean.set_oracle(ords=ords)
    api = _birth(clean, example)
    _serves(clean, api)
    refused = clean.call("GET", f"{_base_at_ords(clean, api, 'hr.read')}employees", clean.token(scope="hr.write"))
    assert refused.status_code == ords.get("missing_scope_status", 401)
    _rests(clean)


def test_where_ords_maps_before_it_protects_the_api_waits_and_says_for_what(
    clean: Lab, example: dict[str, Any]
) -> None:
    clean.set_oracle(ords={"protection_before_mapping": False})
    clean.apply(example)
    found = clean.wait_reason("oapi", "hr", "WaitingForOrds", "hr")
    assert "ORDS" in found["message"]
    assert clean.condition("oapi", "hr", "hr", "Protected")["status"] == "Unknown"
    api = wait_for("the groups", lambda: _with_groups(clean))
    _closed(clean, api)


def _with_groups(lab: Lab) -> dict[str, Any] | None:
    found = lab.get("oapi", "hr", "hr")
    return found if found["status"].get("groups") and found["status"].get("endpoint") else None


# ORDS: path tricks


@pytest.mark.parametrize(
    "ords",
    [
        {"dot_segments": "apply"},
        {"dot_segments": "apply", "encoded_slash": "apply"},
        {"dot_segments": "apply", "path_parameters": "apply"},
        {"dot_segments": "apply", "double_slash": "apply"},
    ],
    ids=" and ".join,
)
def test_a_public_route_with_a_variable_is_refused_where_ords_resolves_paths(
    clean: Lab, example: dict[str, Any], ords: dict[str, str]
) -> None:
    clean.set_oracle(ords=ords)
    clean.apply(_with_echo(example))
    found = clean.wait_reason("oapi", "hr", "RoutesRefused", "hr")
    assert "route echo" in found["message"]
    assert "use auth: JWT" in found["message"]
    api = wait_for("the routes that serve", lambda: _with_serving(clean, "4/5"))
    states = {route["name"]: (route["state"], route.get("reason")) for route in api["status"]["routes"]}
    assert states.pop("echo") == ("Refused", "UnsafePaths")
    assert set(states.values()) == {("Serving", None)}
    assert clean.call("GET", f"{api['status']['endpoint']}{BASE}/echo/x").status_code == 404
    _serves(clean, api)
    unsafe = wait_for("the database to say so", lambda: clean.condition("odb", "hr-db", type_="UnsafePaths"))
    assert unsafe["status"] == "True"
    assert "ORDS resolves" in unsafe["message"]


def _with_serving(lab: Lab, count: str) -> dict[str, Any] | None:
    found = lab.get("oapi", "hr", "hr")
    return found if found["status"].get("routesServing") == count else None


@pytest.mark.parametrize(
    "ords",
    [
        {"encoded_slash": "apply"},
        {"path_parameters": "apply"},
        {"double_slash": "apply"},
        {"dot_segments": "reject", "encoded_slash": "reject", "path_parameters": "reject", "double_slash": "reject"},
    ],
    ids=lambda ords: " and ".join(f"{key} {value}" for key, value in ords.items()),
)
def test_a_public_route_with_a_variable_serves_where_no_trick_leads_out_of_its_group(
    clean: Lab, example: dict[str, Any], ords: dict[str, str]
) -> None:
    clean.set_oracle(ords=ords)
    api = _birth(clean, _with_echo(example))
    slug = _base_at_ords(clean, api, "hr.read").split("/hr_api/")[1].split("/")[0]
    url = f"{api['status']['endpoint']}{BASE}/echo"
    assert clean.call("GET", f"{url}/hello").json()["word"] == "hello"
    seen = clean.ords_requests()[-1]["seq"]
    for climb in climbs(f"{slug}{BASE}/employees", range(4, 5)):
        assert "last_name" not in send(clean, url, f"{BASE}/echo/{climb}").text, climb
    assert _reached(clean, seen) <= {f"oa-public{BASE}"}


def test_a_route_comes_back_when_ords_no_longer_resolves_paths(clean: Lab, example: dict[str, Any]) -> None:
    api = _birth(clean, _with_echo(example))
    url = f"{api['status']['endpoint']}{BASE}/echo/x"
    assert clean.call("GET", url).status_code == 200
    clean.set_oracle(ords={"dot_segments": "apply"})
    clean.nudge("oapi", "hr", "hr")
    clean.wait_reason("oapi", "hr", "RoutesRefused", "hr")
    wait_for("the route to go", lambda: clean.call("GET", url).status_code == 404)
    clean.set_oracle(ords={"dot_segments": "keep"})
    clean.nudge("oapi", "hr", "hr")
    clean.wait_ready("oapi", "hr", "hr")
    assert clean.call("GET", url).status_code == 200
    wait_for("the database to say so", lambda: _no_longer_unsafe(clean))


def _no_longer_unsafe(lab: Lab) -> bool:
    found = lab.condition("odb", "hr-db", type_="UnsafePaths")
    return found.get("status") != "True"


# ORDS: its metadata cache


def test_no_cache_at_all_is_fine(clean: Lab, example: dict[str, Any]) -> None:
    clean.cache_metadata(0)
    try:
        _serves(clean, _birth(clean, example))
    finally:
        clean.cache_metadata(QUICK_S)


def test_a_cache_longer_than_the_database_says_never_opens_a_moved_route(clean: Lab, example: dict[str, Any]) -> None:
    api = _birth(clean, example)
    clean.set_oracle(ords={"metadata_cache_seconds": 4.0})
    url = f"{api['status']['endpoint']}{BASE}/employees/101"
    read, both = clean.token(), clean.token(scope="hr.read hr.write")
    tokens = {"none": None, "other": clean.token(scope="other"), "both": both}
    with Prober(clean, "GET", url, tokens) as prober:
        clean.apply(_edited(example, lambda spec: _route(spec, "get-employee").update(scope="hr.write")))
        wait_for("the gateway to ask for the new scope", lambda: clean.call("GET", url, read).status_code == 403)
        wait_for("ORDS to serve the moved route", lambda: clean.call("GET", url, both).status_code == 200)
    assert prober.statuses("none") == {401}
    assert prober.statuses("other") == {403}
    assert prober.statuses("both") <= {200, 404}
