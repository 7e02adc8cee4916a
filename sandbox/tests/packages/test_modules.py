"""DEFINE_MODULE and what is below it."""

import pytest

from oracleapi_sandbox.oracle.ports import OracleError

HR = {"p_schema": "HR", "p_module_name": "m"}
SOURCE = "select employee_id, name from employees"


def define(session, *, path="/m/", pattern="emp/:id", **module):
    session.call("ORDS_ADMIN.DEFINE_MODULE", **{**HR, "p_base_path": path, **module})
    session.call("ORDS_ADMIN.DEFINE_TEMPLATE", **HR, p_pattern=pattern)
    session.call("ORDS_ADMIN.DEFINE_HANDLER", **HR, p_pattern=pattern, p_source=SOURCE)
    session.call(
        "ORDS_ADMIN.DEFINE_PARAMETER",
        **HR,
        p_pattern=pattern,
        p_method="GET",
        p_name="X-Limit",
        p_bind_variable_name="lim",
    )


def failure(session, name, **arguments):
    with pytest.raises(OracleError) as caught:
        session.call(name, **arguments)
    return caught.value


def test_a_committed_module_is_in_the_snapshot_with_documented_defaults(ords, operator):
    define(operator)
    operator.commit()
    (module,) = ords.snapshot().schemas["hr"].modules
    (template,) = module.templates
    (handler,) = template.handlers
    assert (module.uri_prefix, module.items_per_page, module.status) == ("/m/", 25, "PUBLISHED")
    assert (template.uri_template, template.priority, template.etag_type) == ("emp/:id", 0, "HASH")
    assert (handler.method, handler.source_type, handler.source) == ("GET", "json/collection", SOURCE)
    assert handler.items_per_page is None
    (parameter,) = handler.parameters
    assert (parameter.source_type, parameter.param_type, parameter.access_method) == ("HEADER", "STRING", "IN")


def test_nothing_is_visible_to_others_before_commit_and_rollback_takes_it_back(ords, operator):
    define(operator)
    assert ords.snapshot().schemas["hr"].modules == ()
    assert operator.view("DBA_ORDS_MODULES", "NAME") == [("m",)]
    operator.rollback()
    assert operator.view("DBA_ORDS_MODULES", "NAME") == []


def test_replacing_a_module_drops_templates_and_renews_the_id(operator):
    define(operator)
    before = operator.view("DBA_ORDS_MODULES", "ID")
    operator.call("ORDS_ADMIN.DEFINE_MODULE", **HR, p_base_path="/m/")
    assert operator.view("DBA_ORDS_TEMPLATES", "ID") == []
    assert operator.view("DBA_ORDS_MODULES", "ID") != before


def test_ids_can_stay_on_replace(ords, operator):
    ords.settings.apply({"ids_renewed_on_replace": False})
    define(operator)
    before = operator.view("DBA_ORDS_MODULES", "ID")
    operator.call("ORDS_ADMIN.DEFINE_MODULE", **HR, p_base_path="/other/")
    assert operator.view("DBA_ORDS_TEMPLATES", "ID") == []
    assert operator.view("DBA_ORDS_MODULES", "ID") == before


def test_children_can_outlive_their_parent_s_replacement(ords, operator):
    ords.settings.apply({"replace_drops_children": False})
    define(operator)
    operator.call("ORDS_ADMIN.DEFINE_MODULE", **HR, p_base_path="/other/")
    operator.call("ORDS_ADMIN.DEFINE_TEMPLATE", **HR, p_pattern="emp/:id", p_priority=3)
    assert operator.view("DBA_ORDS_PARAMETERS", "NAME") == [("X-Limit",)]
    assert operator.view("DBA_ORDS_MODULES", "URI_PREFIX") == [("/other/",)]


def test_an_existing_module_can_be_an_error(ords, operator):
    ords.settings.apply({"define_module_existing": "raise"})
    define(operator)
    error = failure(operator, "ORDS_ADMIN.DEFINE_MODULE", **HR, p_base_path="/m/")
    assert (error.code, "ORDS_MODULES_UNIQUE1" in error.message) == (1, True)
    operator.call("ORDS_ADMIN.DELETE_MODULE", **HR)
    define(operator)


def test_replacing_a_template_drops_its_handlers_only(operator):
    define(operator)
    operator.call("ORDS_ADMIN.DEFINE_TEMPLATE", **HR, p_pattern="other")
    operator.call("ORDS_ADMIN.DEFINE_HANDLER", **HR, p_pattern="other", p_source=SOURCE)
    operator.call("ORDS_ADMIN.DEFINE_TEMPLATE", **HR, p_pattern="emp/:id")
    assert len(operator.view("DBA_ORDS_TEMPLATES", "ID")) == 2
    assert len(operator.view("DBA_ORDS_HANDLERS", "ID")) == 1


def test_replacing_a_handler_drops_its_parameters(operator):
    define(operator)
    operator.call("ORDS_ADMIN.DEFINE_HANDLER", **HR, p_pattern="emp/:id", p_method="PUT", p_source="begin null; end;")
    operator.call("ORDS_ADMIN.DEFINE_HANDLER", **HR, p_pattern="emp/:id", p_source="select 1 from dual")
    assert operator.view("DBA_ORDS_PARAMETERS", "ID") == []
    assert [method for (method,) in operator.view("DBA_ORDS_HANDLERS", "METHOD")] == ["GET", "PUT"]


def test_a_source_of_100_kib_is_kept_as_it_is(ords, operator):
    source = "begin\r\n  -- größer\n" + "null; " * 20_000 + "end;"
    define(operator)
    arguments = {"p_pattern": "emp/:id", "p_source_type": "plsql/block", "p_source": source}
    operator.call("ORDS_ADMIN.DEFINE_HANDLER", **HR, **arguments)
    operator.commit()
    assert operator.view("DBA_ORDS_HANDLERS", "SOURCE") == [(source,)]
    assert ords.snapshot().schemas["hr"].modules[0].templates[0].handlers[0].source == source


@pytest.mark.parametrize("path", ["/m/", "m", "/m", "m/"])
def test_another_module_cannot_take_a_base_path_however_it_is_written(ords, operator, path):
    define(operator)
    arguments = {"p_schema": "HR", "p_module_name": "n", "p_base_path": path}
    assert failure(operator, "ORDS_ADMIN.DEFINE_MODULE", **arguments).code == 1
    ords.settings.apply({"duplicate_code": 20009})
    assert failure(operator, "ORDS_ADMIN.DEFINE_MODULE", **arguments).code == 20009


def test_define_service_makes_a_module_with_one_handler(ords, operator):
    operator.call("ORDS_ADMIN.DEFINE_SERVICE", **HR, p_base_path="/m/", p_pattern=".", p_source=SOURCE)
    operator.commit()
    (module,) = ords.snapshot().schemas["hr"].modules
    assert module.templates[0].handlers[0].source == SOURCE


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("DEFINE_TEMPLATE", {"p_module_name": "no", "p_pattern": "x"}),
        ("DEFINE_HANDLER", {"p_module_name": "m", "p_pattern": "no", "p_source": SOURCE}),
        ("DEFINE_PARAMETER", {"p_module_name": "m", "p_pattern": "emp/:id", "p_method": "PUT", "p_name": "x"}),
        ("PUBLISH_MODULE", {"p_module_name": "no"}),
        ("RENAME_MODULE", {"p_module_name": "no", "p_new_name": "x"}),
        ("SET_MODULE_ORIGINS_ALLOWED", {"p_module_name": "M", "p_origins_allowed": "*"}),
    ],
)
def test_an_unknown_parent_is_refused_with_the_number_that_is_set(ords, operator, call, arguments):
    define(operator)
    error = failure(operator, f"ORDS_ADMIN.{call}", p_schema="HR", **arguments)
    assert (error.code, error.message) == (1403, "no data found")
    ords.settings.apply({"unknown_parent_code": 20033})
    assert failure(operator, f"ORDS_ADMIN.{call}", p_schema="HR", **arguments).code == 20033


def test_deleting_an_absent_module_is_silent_unless_switched(ords, operator):
    operator.call("ORDS_ADMIN.DELETE_MODULE", p_schema="HR", p_module_name="no")
    ords.settings.apply({"delete_absent_module_silent": False})
    assert failure(operator, "ORDS_ADMIN.DELETE_MODULE", p_schema="HR", p_module_name="no").code == 1403


def test_publish_and_rename_keep_what_is_below(ords, operator):
    define(operator)
    operator.call("ORDS_ADMIN.PUBLISH_MODULE", **HR, p_status="NOT_PUBLISHED")
    operator.call("ORDS_ADMIN.RENAME_MODULE", **HR, p_new_name="n", p_new_base_path="/n/")
    operator.commit()
    (module,) = ords.snapshot().schemas["hr"].modules
    assert (module.name, module.uri_prefix, module.status) == ("n", "/n/", "NOT_PUBLISHED")
    assert module.templates[0].handlers[0].parameters


def test_renaming_keeps_names_and_paths_unique(operator):
    define(operator)
    operator.call("ORDS_ADMIN.DEFINE_MODULE", p_schema="HR", p_module_name="n", p_base_path="/n/")
    assert failure(operator, "ORDS_ADMIN.RENAME_MODULE", **HR, p_new_name="n").code == 1
    assert failure(operator, "ORDS_ADMIN.RENAME_MODULE", **HR, p_new_base_path="/n").code == 1


def test_origins_are_set_cleared_and_lost_by_redefinition_unless_switched(ords, operator):
    define(operator)
    operator.call("ORDS_ADMIN.SET_MODULE_ORIGINS_ALLOWED", **HR, p_origins_allowed="https://a,https://b")
    ords.settings.apply({"module_links_survive_define": True})
    define(operator)
    assert operator.view("DBA_ORDS_MODULES", "ORIGINS_ALLOWED") == [("https://a,https://b",)]
    ords.settings.apply({"module_links_survive_define": False})
    define(operator)
    assert operator.view("DBA_ORDS_MODULES", "ORIGINS_ALLOWED") == [(None,)]


@pytest.mark.parametrize(
    ("call", "arguments", "code"),
    [
        ("DEFINE_MODULE", {"p_module_name": "n", "p_base_path": "/n/", "p_status": "published"}, 20002),
        ("DEFINE_MODULE", {"p_module_name": "n", "p_base_path": "/n/", "p_items_per_page": -1}, 20002),
        ("DEFINE_MODULE", {"p_module_name": None, "p_base_path": "/n/"}, 1400),
        ("DEFINE_MODULE", {"p_module_name": "n", "p_base_path": None}, 1400),
        ("DEFINE_MODULE", {"p_module_name": "n\0", "p_base_path": "/n/"}, 3001),
        ("DEFINE_MODULE", {"p_module_name": "n" * 256, "p_base_path": "/n/"}, 12899),
        ("DEFINE_MODULE", {"p_module_name": "n", "p_base_path": "/n/", "p_comments": "ü" * 2001}, 12899),
        ("DEFINE_TEMPLATE", {"p_module_name": "m", "p_pattern": "x", "p_priority": 10}, 20002),
        ("DEFINE_TEMPLATE", {"p_module_name": "m", "p_pattern": "x", "p_etag_type": "ETAG"}, 20002),
        ("DEFINE_TEMPLATE", {"p_module_name": "m", "p_pattern": "x", "p_etag_type": "QUERY"}, 20002),
        ("DEFINE_HANDLER", {"p_module_name": "m", "p_pattern": "emp/:id", "p_source": None}, 1400),
        ("DEFINE_HANDLER", {"p_module_name": "m", "p_pattern": "emp/:id", "p_source": "x", "p_method": "get"}, 20002),
        ("DEFINE_HANDLER", {"p_module_name": "m", "p_pattern": "emp/:id", "p_source": "x", "p_method": "PATCH"}, 20002),
        (
            "DEFINE_HANDLER",
            {"p_module_name": "m", "p_pattern": "emp/:id", "p_source": "x", "p_source_type": "collection/feed"},
            20002,
        ),
        (
            "DEFINE_PARAMETER",
            {"p_module_name": "m", "p_pattern": "emp/:id", "p_method": "GET", "p_name": "x", "p_param_type": "NUMBER"},
            20002,
        ),
        (
            "DEFINE_PARAMETER",
            {
                "p_module_name": "m",
                "p_pattern": "emp/:id",
                "p_method": "GET",
                "p_name": "x",
                "p_bind_variable_name": "lim",
            },
            1,
        ),
    ],
)
def test_wrong_values_are_refused(operator, call, arguments, code):
    define(operator)
    assert failure(operator, f"ORDS_ADMIN.{call}", p_schema="HR", **arguments).code == code


def test_patch_and_mle_are_switches(ords, operator):
    define(operator)
    ords.settings.apply({"patch_method": True, "mle_handlers": True})
    handler = {"p_method": "PATCH", "p_source_type": "mle/javascript", "p_source": "(req, resp) => {}"}
    operator.call("ORDS_ADMIN.DEFINE_HANDLER", **HR, p_pattern="emp/:id", **handler)


def test_two_sessions_that_define_one_module_do_not_make_two(ords, operator):
    define(operator)
    operator.commit()
    other = ords.session("OPERATOR", administrator=True)
    other.view("DBA_ORDS_MODULES", "NAME")
    define(other)
    other.commit()
    define(operator)
    operator.commit()
    assert len(ords.snapshot().schemas["hr"].modules) == 1
