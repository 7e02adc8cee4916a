"""Opening connections: services, passwords, account states, proxies, password changes."""

import socket
from typing import Any

import oracledb
import pytest

from oracleapi_sandbox.oracle.ports import OracleError


def failure(site: Any, **options: Any) -> str:
    with pytest.raises(oracledb.Error) as caught:
        site.connect(**options)
    return str(caught.value)


def test_a_connection_knows_the_database(site: Any) -> None:
    connection = site.connect()
    assert connection.version == "19.22.0.0.0"
    assert connection.service_name == "FREEPDB1"
    assert connection.session_id == 1
    assert connection.username == "hr"
    assert site.database.logins == [("HR", "succeeded")]


@pytest.mark.parametrize("service", ["FREEPDB1", "freepdb1", "HR.example.com"])
def test_a_service_is_found_in_any_case(site: Any, service: str) -> None:
    assert site.connect(dsn=site.dsn(service)).ping() is None


def test_easy_connect_works(site: Any) -> None:
    assert site.connect(dsn=f"127.0.0.1:{site.port}/FREEPDB1").is_healthy()


def test_a_connect_string_over_230_bytes_is_read(site: Any) -> None:
    assert site.connect(dsn=site.dsn(SDU=1024, TRANSPORT_CONNECT_TIMEOUT=20), program="p" * 300).is_healthy()


@pytest.mark.parametrize(
    ("connect_data", "code"),
    [
        ("(SERVICE_NAME=nope)", "DPY-6001"),
        ("(SID=nope)", "DPY-6003"),
        ("(SERVICE_NAME=FREEPDB1)(SERVER=POOLED)", "12520"),
        ("(COLOUR=blue)", "12504"),
    ],
)
def test_what_the_listener_does_not_know_is_refused(site: Any, connect_data: str, code: str) -> None:
    address = f"(ADDRESS=(PROTOCOL=TCP)(HOST=127.0.0.1)(PORT={site.port}))"
    dsn = f"(DESCRIPTION={address}(CONNECT_DATA={connect_data}))"
    found = failure(site, dsn=dsn)
    assert "DPY-6005" in found
    assert code in found


@pytest.mark.parametrize(
    ("user", "password"), [("hr", "secret_1"), ("hr", ""), ("nobody", "Secret_1"), ('"hr"', "Secret_1")]
)
def test_a_wrong_user_or_password_is_denied_alike(site: Any, user: str, password: str) -> None:
    found = failure(site, user=user, password=password or " ")
    assert found.startswith("ORA-01017: invalid username/password; logon denied")
    assert site.database.sessions == []


def test_only_a_known_users_failure_is_counted(site: Any) -> None:
    failure(site, password="wrong")
    failure(site, user="nobody")
    assert site.database.logins == [("HR", "failed")]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("LOCKED", "ORA-28000"),
        ("LOCKED(TIMED)", "ORA-28000"),
        ("EXPIRED & LOCKED", "ORA-28000"),
        ("EXPIRED", "ORA-28001"),
    ],
)
def test_an_account_that_is_not_open_is_refused(site: Any, status: str, code: str) -> None:
    site.database.add_user("HR", "Secret_1", status=status)
    assert failure(site).startswith(code)


def test_a_schema_only_account_cannot_log_on(site: Any) -> None:
    site.database.add_user("OWNER")
    assert failure(site, user="owner", password="x").startswith("ORA-01017")


def test_sysdba_is_not_to_be_had(site: Any) -> None:
    assert failure(site, mode=oracledb.AUTH_MODE_SYSDBA).startswith("ORA-01017")


def test_a_password_in_its_grace_time_works_with_a_warning(site: Any) -> None:
    site.database.add_user("HR", "Secret_1", status="EXPIRED(GRACE)")
    warning = site.connect().warning
    assert warning is not None
    assert warning.full_code == "ORA-28002"


@pytest.mark.parametrize("password", ["New_1", "Old_1"])
def test_in_a_rollover_both_passwords_work(site: Any, password: str) -> None:
    site.database.add_user("HR", "New_1", "Old_1", status="OPEN & IN ROLLOVER")
    assert site.connect(password=password).is_healthy()
    assert failure(site, password="Other_1").startswith("ORA-01017")


def test_a_quoted_user_keeps_its_case(site: Any) -> None:
    site.database.add_user("Mixed", "Secret_1")
    assert site.connect(user='"Mixed"').is_healthy()
    assert failure(site, user="Mixed").startswith("ORA-01017")


def test_a_proxy_opens_the_other_users_session(site: Any) -> None:
    site.database.add_user("APP", "x")
    connection = site.connect(user="hr[app]")
    session = site.database.sessions[0]
    assert (session.user, session.proxy_user) == ("APP", "HR")
    assert connection.proxy_user == "app"


def test_what_the_session_refuses_reaches_the_caller(site: Any) -> None:
    site.database.refused = OracleError(1045, "user HR lacks CREATE SESSION privilege; logon denied")
    assert failure(site).startswith("ORA-01045: user HR lacks CREATE SESSION privilege")


def test_an_expired_password_can_be_changed_while_connecting(site: Any) -> None:
    site.database.add_user("HR", "Secret_1", status="EXPIRED")
    assert site.connect(newpassword="Better_2").is_healthy()
    assert site.connect(password="Better_2").is_healthy()
    assert failure(site).startswith("ORA-01017")


def test_a_live_session_can_change_its_password(site: Any) -> None:
    connection = site.connect()
    with pytest.raises(oracledb.DatabaseError, match="ORA-28008"):
        connection.changepassword("wrong", "Better_2")
    connection.changepassword("Secret_1", "Bétter_2")
    connection.ping()
    assert site.connect(password="Bétter_2").is_healthy()


def test_a_port_scanner_does_no_harm(site: Any) -> None:
    with socket.create_connection(("127.0.0.1", site.port)) as probe:
        probe.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert probe.recv(100) == b""
    assert site.connect().is_healthy()
