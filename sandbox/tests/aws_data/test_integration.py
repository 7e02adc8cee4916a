"""What passes between gateway and back end, and what happens when the back end is not there."""

import socket
import threading

import pytest

from oracleapi_sandbox.aws.data.settings import Target
from oracleapi_sandbox.aws.deployed import Route

LISTENER = "arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/ords/1/2"
TLS_LISTENER = "arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/ords/1/3"


def only(gateway, **changes):
    """Deploy one catch-all route with this integration."""
    gateway.deploy(Route("r1", "$default", gateway.integration(**changes)))


def own(reply, status, message):
    assert (reply.status, reply.message) == (status, message)
    assert reply.header("content-type") == "application/json"
    assert reply.header("apigw-requestid")


def test_method_body_and_headers_go_on(gateway):
    only(gateway)
    headers = [("X-A", "1"), ("X-A", "2"), ("Cookie", "a=b"), ("Accept-Encoding", "gzip"), ("Content-Type", "text/x")]
    echo = gateway.call("/x", "POST", headers, body=b"\x00body").echo
    assert (echo.method, echo.body, echo.http_version) == ("POST", "\x00body", "1.1")
    assert [echo.all(name) for name in ("x-a", "cookie", "accept-encoding", "content-type", "content-length")] == [
        ["1", "2"],
        ["a=b"],
        ["gzip"],
        ["text/x"],
        ["5"],
    ]


@pytest.mark.parametrize(
    ("integration_method", "sent"), [(None, "PATCH"), ("ANY", "PATCH"), ("GET", "GET"), ("POST", "POST")]
)
def test_the_integration_method(gateway, integration_method, sent):
    only(gateway, method=integration_method)
    assert gateway.call("/x", "PATCH").echo.method == sent


def test_headers_of_one_connection_stay(gateway):
    only(gateway)
    headers = {"Connection": "keep-alive, X-Mine", "X-Mine": "1", "Keep-Alive": "5", "TE": "trailers", "Upgrade": "x"}
    echo = gateway.call("/x", headers={**headers, "Proxy-Authorization": "Basic eDp5", "Expect": "nothing"}).echo
    gone = ("connection", "x-mine", "keep-alive", "te", "upgrade", "proxy-authorization", "expect")
    assert [echo.all(name) for name in gone] == [[]] * len(gone)


def test_a_chunked_request_gets_a_length(gateway):
    only(gateway)
    name = f"{gateway.api_id}.execute-api.localhost"
    head = f"POST /x HTTP/1.1\r\nHost: {name}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    plain = socket.create_connection(("127.0.0.1", gateway.port), 10)
    with gateway.trust.wrap_socket(plain, server_hostname=name) as sock:
        sock.sendall(head.encode() + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert b'"body": "abcde"' in answer
    assert b'["content-length", "5"]' in answer
    assert b"transfer-encoding" not in answer.split(b"\r\n\r\n", 1)[1]


def test_half_a_request_is_not_forwarded(gateway):
    only(gateway)
    name = f"{gateway.api_id}.execute-api.localhost"
    plain = socket.create_connection(("127.0.0.1", gateway.port), 10)
    with gateway.trust.wrap_socket(plain, server_hostname=name) as sock:
        sock.sendall(f"POST /half HTTP/1.1\r\nHost: {name}\r\nContent-Length: 10\r\n\r\nabc".encode())
    assert gateway.call("/whole").status == 200
    assert gateway.backend.seen == ["/whole"]


def test_the_answer_comes_back_with_repeated_headers(gateway):
    only(gateway)
    headers = [
        (b"set-cookie", b"a=1; Path=/"),
        (b"set-cookie", b"b=2"),
        (b"location", b"https://elsewhere/x"),
        (b"x-odd", b"\xc3\xa9"),
        (b"content-encoding", b"gzip"),
        (b"etag", b'"1"'),
        (b"apigw-requestid", b"forged"),
        (b"keep-alive", b"timeout=5"),
    ]
    gateway.backend.answer = (307, headers, b"\x1f\x8bnot really")
    reply = gateway.call("/x")
    assert (reply.status, reply.body) == (307, b"\x1f\x8bnot really")
    assert reply.all("set-cookie") == ["a=1; Path=/", "b=2"]
    assert reply.header("location") == "https://elsewhere/x", "redirects are the caller's business"
    assert (reply.header("content-encoding"), reply.header("etag")) == ("gzip", '"1"')
    assert reply.header("x-odd") == "Ã©"
    assert (reply.header("keep-alive"), reply.all("content-length")) == (None, ["12"])
    assert len(reply.all("date")) == 1
    assert len(reply.all("apigw-requestid")) == 1
    assert reply.header("apigw-requestid") != "forged"


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 401, 404, 500, 503, 555])
def test_every_status_of_the_back_end_is_the_callers(gateway, status):
    only(gateway)
    body = b"" if status in (204, 304) else b"own words"
    gateway.backend.answer = (status, [(b"content-type", b"text/plain")], body)
    reply = gateway.call("/x")
    assert (reply.status, reply.body, reply.header("content-type")) == (status, body, "text/plain")


def test_head_has_the_length_of_the_body_it_does_not_send(gateway):
    only(gateway)
    gateway.backend.answer = (200, [(b"content-length", b"1234")], b"")
    reply = gateway.call("/x", "HEAD")
    assert (reply.status, reply.header("content-length"), reply.body) == (200, "1234", b"")


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["PENDING", "DELETING", "FAILED", "INACTIVE", None])
def test_a_link_that_is_not_available_is_503(gateway, status):
    only(gateway)
    gateway.stages.links.pop("link1")
    if status:
        gateway.stages.links["link1"] = status
    own(gateway.call("/x"), 503, "Service Unavailable")
    assert not gateway.backend.seen
    gateway.settings.update({"unhealthy_integration_status": 504})
    own(gateway.call("/x"), 504, "Gateway Timeout")


def test_a_listener_without_target_is_503(gateway):
    only(gateway, uri=LISTENER + "9")
    own(gateway.call("/x"), 503, "Service Unavailable")


def test_a_refused_connection_is_503(gateway):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gateway.settings.targets = {LISTENER: Target("127.0.0.1", unused.getsockname()[1])}
        only(gateway)
        own(gateway.call("/x"), 503, "Service Unavailable")


def test_a_back_end_that_hangs_up_is_503(gateway):
    server = socket.create_server(("127.0.0.1", 0))
    gateway.settings.targets = {LISTENER: Target("127.0.0.1", server.getsockname()[1])}
    only(gateway)

    def hang_up():
        connection, _ = server.accept()
        connection.recv(65536)
        connection.close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    own(gateway.call("/x"), 503, "Service Unavailable")
    thread.join()
    server.close()


def test_a_connection_is_used_again_and_closed_when_it_is_idle(gateway):
    server = socket.create_server(("127.0.0.1", 0))
    gateway.settings.targets = {LISTENER: Target("127.0.0.1", server.getsockname()[1])}
    only(gateway)
    received = []

    def serve():
        connection, _ = server.accept()
        connection.settimeout(20)
        while data := connection.recv(65536):
            received.append(data.split(b" ")[1])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    assert [gateway.call(path).body for path in ("/1", "/2", "/3")] == [b"ok"] * 3
    thread.join()
    server.close()
    assert received == [b"/1", b"/2", b"/3"]


@pytest.mark.parametrize(("status", "message"), [(503, "Service Unavailable"), (504, "Gateway Timeout")])
def test_a_slow_back_end_is_cut_off(gateway, status, message):
    only(gateway, timeout_ms=50)
    gateway.settings.update({"unhealthy_integration_status": status})
    gateway.backend.gate = threading.Event()
    own(gateway.call("/x"), status, message)
    assert gateway.backend.seen == ["/x"], "it had been asked"


def test_tls_to_a_listener_checks_the_server_name(gateway):
    only(gateway, uri=TLS_LISTENER, tls=True, server_name_to_verify="ords.internal")
    assert gateway.call("/x").status == 200
    only(gateway, uri=TLS_LISTENER, tls=True, server_name_to_verify="other.internal")
    own(gateway.call("/x"), 500, "Internal Server Error")
    only(gateway, uri=TLS_LISTENER, tls=True)
    own(gateway.call("/x"), 500, "Internal Server Error")
    gateway.settings.update({"tls_failure_status": 503})
    own(gateway.call("/x"), 503, "Service Unavailable")
    assert gateway.backend.seen == ["/x"]


def test_a_checked_connection_is_not_lent_to_another_name(gateway):
    right = gateway.integration(uri=TLS_LISTENER, tls=True, server_name_to_verify="ords.internal")
    wrong = gateway.integration(uri=TLS_LISTENER, tls=True, server_name_to_verify="evil.internal")
    gateway.deploy(Route("r1", "GET /right", right), Route("r2", "GET /wrong", wrong))
    assert [gateway.call(path).status for path in ("/right", "/wrong", "/right", "/wrong")] == [200, 500, 200, 500]


def test_without_tls_config_plain_http_is_spoken_also_to_a_tls_listener(gateway):
    only(gateway, uri=TLS_LISTENER)
    own(gateway.call("/x"), 503, "Service Unavailable")


def test_tls_to_a_plain_listener_fails(gateway):
    only(gateway, tls=True, server_name_to_verify="ords.internal")
    assert gateway.call("/x").status == 500


@pytest.mark.parametrize(("declared", "tls", "status"), [(True, False, 503), (False, False, 200), (False, True, 503)])
def test_a_declared_protocol_must_be_the_one_spoken(gateway, declared, tls, status):
    gateway.settings.targets[LISTENER] = Target("127.0.0.1", gateway.backend_port, declared)
    only(gateway, tls=tls, server_name_to_verify="ords.internal" if tls else None)
    assert gateway.call("/x").status == status


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("target", "127.0.0.1:{port}"),
        ("server_name", "ords.internal"),
        ("request", "{api}.execute-api.localhost:{own}"),
    ],
)
def test_host_towards_a_private_back_end(gateway, which, expected):
    only(gateway, uri=TLS_LISTENER, tls=True, server_name_to_verify="ords.internal")
    gateway.settings.update({"vpc_link_host": which})
    filled = expected.format(port=gateway.tls_backend_port, api=gateway.api_id, own=gateway.port)
    assert gateway.call("/x").echo.all("host") == [filled]


def test_server_name_as_host_falls_back_to_the_target(gateway):
    only(gateway)
    gateway.settings.update({"vpc_link_host": "server_name"})
    assert gateway.call("/x").echo.all("host") == [f"127.0.0.1:{gateway.backend_port}"]


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        pytest.param("http://127.0.0.1:{port}/fixed", "/fixed?q=1", id="the URI's path, not the request's"),
        pytest.param("http://127.0.0.1:{port}", "/?q=1", id="without a path the root"),
        pytest.param("http://127.0.0.1:{port}/a/{{proxy}}", "/a/x/%2e%2e/y?q=1", id="route variables are filled in"),
        pytest.param("http://127.0.0.1:{port}/a?z=2", "/a?z=2&q=1", id="query strings are joined"),
        pytest.param("http://${{stageVariables.host}}:{port}/v", "/v?q=1", id="stage variables too"),
        pytest.param("http://ords.localhost:{port}/l", "/l?q=1", id="names below localhost are loopback"),
    ],
)
def test_public_urls(gateway, uri, target):
    filled = uri.format(port=gateway.backend_port)
    integration = gateway.integration(uri=filled, connection_type="INTERNET", connection_id=None)
    gateway.deploy(Route("r1", "GET /{proxy+}", integration), stage_variables={"host": "127.0.0.1"})
    echo = gateway.call("/x/%2e%2e/y?q=1").echo
    assert echo.target == target
    assert echo.all("host")[0].endswith(f":{gateway.backend_port}")


def test_a_public_url_never_gets_the_stage(gateway):
    integration = gateway.integration(uri=f"http://127.0.0.1:{gateway.backend_port}/f", connection_type="INTERNET")
    gateway.deploy(Route("r1", "GET /x", integration), stage_name="prod")
    assert gateway.call("/prod/x").echo.target == "/f"


def test_https_urls_are_verified_by_their_host(gateway):
    good, bad = (f"https://{host}:{gateway.tls_backend_port}/" for host in ("ords.internal", "127.0.0.1"))
    only(gateway, uri=bad, connection_type="INTERNET")
    assert gateway.call("/x").status == 500
    only(gateway, uri=bad, connection_type="INTERNET", tls=True, server_name_to_verify="ords.internal")
    assert gateway.call("/x").status == 200
    assert good


@pytest.mark.parametrize(
    "uri", ["ftp://127.0.0.1/x", "arn:aws:x", "", "http://127.0.0.1:99999/", "http://[::1/", "http:///x"]
)
def test_an_impossible_url_is_500(gateway, uri):
    only(gateway, uri=uri, connection_type="INTERNET")
    own(gateway.call("/x"), 500, "Internal Server Error")


@pytest.mark.parametrize(("status", "message"), [(500, "Internal Server Error"), (404, "Not Found")])
def test_a_route_without_target(gateway, status, message):
    gateway.deploy(Route("r1", "GET /x", None))
    gateway.settings.update({"missing_integration_status": status})
    own(gateway.call("/x"), status, message)


# --- sizes -----------------------------------------------------------------------------------------------------------


def test_ten_megabytes_are_the_limit_of_a_request(gateway):
    only(gateway)
    gateway.backend.answer = (200, [], b"ok")
    assert gateway.call("/x", "POST", body=b"x" * (10 * 1024 * 1024)).status == 200
    own(gateway.call("/x", "POST", body=b"x" * (10 * 1024 * 1024 + 1)), 413, "Request Entity Too Large")
    assert len(gateway.backend.seen) == 1


@pytest.mark.parametrize(("status", "message"), [(500, "Internal Server Error"), (503, "Service Unavailable")])
def test_an_answer_over_the_limit(gateway, status, message):
    only(gateway)
    gateway.settings.update({"payload_limit_bytes": 1000, "oversized_response_status": status})
    gateway.backend.answer = (200, [], b"x" * 1000)
    assert gateway.call("/x").status == 200
    gateway.backend.answer = (200, [], b"x" * 1001)
    own(gateway.call("/x"), status, message)


# --- what the back end is told of the caller -------------------------------------------------------------------------


OURS = "for=127.0.0.1;host={host};proto=https"
VIA = ["HTTP/1.1 AmazonAPIGateway"]


@pytest.mark.parametrize(
    ("which", "forwarded", "x_forwarded_for", "proto", "via"),
    [
        ("forwarded", ["mine", OURS], ["1.1.1.1"], ["http"], VIA),
        ("x-forwarded", ["mine"], ["1.1.1.1, 127.0.0.1"], ["https"], VIA),
        ("both", ["mine", OURS], ["1.1.1.1, 127.0.0.1"], ["https"], VIA),
        ("none", ["mine"], ["1.1.1.1"], ["http"], []),
    ],
)
def test_forwarded_headers(gateway, which, forwarded, x_forwarded_for, proto, via):
    only(gateway)
    gateway.settings.update({"forwarded_headers": which})
    headers = {"Forwarded": "mine", "X-Forwarded-For": "1.1.1.1", "X-Forwarded-Proto": "http"}
    echo = gateway.call("/x", headers=headers).echo
    host = f"{gateway.api_id}.execute-api.localhost:{gateway.port}"
    assert echo.all("forwarded") == [value.format(host=host) for value in forwarded]
    assert (echo.all("x-forwarded-for"), echo.all("x-forwarded-proto")) == (x_forwarded_for, proto)
    assert echo.all("via") == via
    added = which in ("x-forwarded", "both")
    assert echo.all("x-forwarded-host") == ([host] if added else [])
    assert echo.all("x-forwarded-port") == ([str(gateway.port)] if added else [])


def test_a_caller_without_forwarded_for_starts_the_chain(gateway):
    only(gateway)
    gateway.settings.update({"forwarded_headers": "x-forwarded"})
    assert gateway.call("/x").echo.all("x-forwarded-for") == ["127.0.0.1"]
