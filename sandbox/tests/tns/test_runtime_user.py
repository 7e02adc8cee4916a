"""ORDS's own account in a running part: what a changed password does to its pool, and how ORDS gets the new one."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import oracledb
import pytest

from .test_part import connect, published, start, stop

FIRST, SECOND, THIRD = "Canary-First-1", "Canary-Second-2", "Canary-Third-3"
SCHEMAS = ("shop", "bank", "zoo")
SERVICE = """
    begin
      ords.enable_schema;
      ords.define_service(p_module_name => 'm', p_base_path => '/m/', p_pattern => 'one',
        p_source => 'select 1 a from dual');
      commit;
    end;"""


class Site:
    """A running part with a REST service in each schema."""

    def __init__(self, state: Path, known: dict[str, Any]) -> None:
        self.state, self.known = state, known
        self.http = httpx.Client(
            verify=ssl.create_default_context(cafile=str(state / "ca" / "ca.crt")), trust_env=False, timeout=60
        )

    def run(self, *statements: str) -> None:
        with connect(self.known) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def account(self) -> str:
        query = "select account_status from dba_users where username = 'ORDS_PUBLIC_USER'"
        with connect(self.known) as connection, connection.cursor() as cursor:
            ((status,),) = cursor.execute(query).fetchall()
        return str(status)

    def call(self, schema: str) -> int:
        return self.http.get(f"{self.known['ords_url']}/{schema}/m/one").status_code

    def page(self, name: str, method: str = "PUT", **body: Any) -> Any:
        answer = self.http.request(method, f"{self.known['admin_url']}/_sandbox/{name}", json=body)
        return answer.raise_for_status().json()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    state = tmp_path_factory.mktemp("state")
    process = start(state)
    found = Site(state, published(state, process))
    for schema in SCHEMAS:
        found.run(f"create user {schema} identified by Secret_1", f"grant create session to {schema}")
        dsn = found.known["dsn"]
        with oracledb.connect(user=schema, password="Secret_1", dsn=dsn) as connection, connection.cursor() as cursor:
            cursor.execute(SERVICE)
    yield found
    found.http.close()
    assert stop(process) == 0


@pytest.fixture(autouse=True)
def as_installed(site: Site) -> Iterator[None]:
    """ORDS knows the password of its account, which has no rollover, and holds no session."""
    site.run(f'alter user ords_public_user identified by "{FIRST}" profile default account unlock')
    site.page("restart-ords", password=FIRST)
    site.page("settings", ords={"metadata_cache_seconds": 0})
    yield
    site.page("reset", "POST")


def test_open_sessions_go_on_and_new_ones_are_503_until_ords_has_the_password(site: Site) -> None:
    assert site.call("shop") == 200
    site.run(f'alter user ords_public_user identified by "{SECOND}"')
    assert [site.call(each) for each in ("shop", "bank", "shop")] == [200, 503, 200]
    site.page("restart-ords")
    assert [site.call("shop"), site.call("bank")] == [503, 503], "the wallet has the old password"
    site.page("restart-ords", password=SECOND)
    assert [site.call(each) for each in SCHEMAS] == [200] * 3


def test_each_refused_log_on_counts_until_the_account_is_locked(site: Site) -> None:
    site.run(
        "create profile runtime limit failed_login_attempts 2",
        f'alter user ords_public_user identified by "{SECOND}" profile runtime',
    )
    for expected in ("OPEN", "LOCKED(TIMED)"):
        site.page("restart-ords")
        assert [site.call("shop"), site.call("bank"), site.call("zoo")] == [503] * 3
        assert site.account() == expected, "an invalid pool asks once"
    site.page("restart-ords", password=SECOND)
    assert site.call("shop") == 503
    site.run("alter user ords_public_user account unlock")
    site.page("restart-ords")
    assert site.call("shop") == 200


def test_in_a_rollover_ords_goes_on_with_either_password(site: Site) -> None:
    site.run("create profile rolling limit password_rollover_time 1", "alter user ords_public_user profile rolling")
    site.run(f'alter user ords_public_user identified by "{SECOND}"')
    assert site.account() == "OPEN & IN ROLLOVER"
    assert site.call("shop") == 200
    site.page("restart-ords", password=SECOND)
    assert site.call("bank") == 200
    site.page("restart-ords", password=FIRST)
    assert site.call("bank") == 200
    site.run("alter user ords_public_user expire password rollover period")
    assert [site.call("bank"), site.call("zoo")] == [200, 503]
    site.page("restart-ords", password=SECOND)
    assert site.call("zoo") == 200


def test_no_page_file_or_log_holds_a_password(site: Site) -> None:
    site.run(f'alter user ords_public_user identified by "{SECOND}"')
    assert site.call("shop") == 503
    site.page("restart-ords", password=THIRD)
    pages = [site.page(name, "GET") for name in ("statements", "settings", "requests", "round-trips", "faults")]
    kept = {path for path in site.state.rglob("*") if path.is_file() and b"Canary-" in path.read_bytes()}
    assert "Canary-" not in json.dumps(pages)
    assert kept == {site.state / "oracle" / "memory.json"}, "the wallet"
    assert (site.state / "oracle" / "memory.json").stat().st_mode & 0o777 == 0o600


def test_the_wallet_outlives_the_part(tmp_path: Path) -> None:
    process = start(tmp_path)
    known = published(tmp_path, process)
    with connect(known) as connection, connection.cursor() as cursor:
        for statement in ("create user shop identified by Secret_1", "grant create session to shop"):
            cursor.execute(statement)
        with oracledb.connect(user="shop", password="Secret_1", dsn=known["dsn"]) as shop, shop.cursor() as own:
            own.execute(SERVICE)
        cursor.execute(f'alter user ords_public_user identified by "{SECOND}"')
    site = Site(tmp_path, known)
    site.page("restart-ords", password=SECOND)
    assert stop(process) == 0
    process = start(tmp_path)
    site.known = published(tmp_path, process)
    assert site.call("shop") == 200
    site.http.close()
    assert stop(process) == 0
