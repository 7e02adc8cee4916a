"""Who signed: every way a signature can be wrong, in the words of each protocol."""

import dataclasses
from typing import Any

import pytest

from oracleapi_sandbox.aws.access.principals import RootKey
from oracleapi_sandbox.aws.errors import AwsError

ROOT = RootKey("AKIAROOTROOTROOTROOT", "root-secret")


def _refused(house: Any, request: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        house.door.identify(request, house.settings)
    return caught.value


@pytest.mark.parametrize(
    ("path", "query", "body"),
    [
        ("/v2/apis", "", b""),
        ("/v2/apis", "maxResults=500&nextToken=a%2Bb%3D", b""),
        ("/v2/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Fapis%2Fa1", "", b'{"tags": {"a": "b"}}'),
        ("/v2/apis/a1/stages/%24default/routesettings/GET%20%2Fx%2F%7Bid%7D", "", b""),
    ],
)
def test_what_botocore_signs_is_known(house: Any, path: str, query: str, body: bytes) -> None:
    """Encoded paths, queries and bodies; the caller is the key's owner."""
    request = house.request(ROOT, path=path, query=query, body=body)
    assert house.door.identify(request, house.settings).arn == "arn:aws:iam::123456789012:root"


@pytest.mark.parametrize(
    "change",
    [
        {"method": "DELETE"},
        {"raw_path": "/v2/apis/a2"},
        {"query_string": "a=1"},
        {"body": b"{}"},
    ],
)
def test_a_changed_request_is_no_longer_signed(house: Any, change: dict[str, Any]) -> None:
    """Method, path, query and body are all covered [D]."""
    error = _refused(house, dataclasses.replace(house.request(ROOT), **change))
    assert (error.status, error.code) == (403, "InvalidSignatureException")
    assert "does not match the signature you provided" in error.message


def test_a_body_does_not_vouch_for_itself(house: Any) -> None:
    """A signed hash header counts for the body that came, not for the one it names."""
    request = house.request(ROOT, method="POST", body=b"{}", headers={"x-amz-content-sha256": "0" * 64})
    assert _refused(house, request).code == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("service", "late_s", "code", "part"),
    [
        ("apigateway", 299, None, ""),
        ("apigateway", 301, "InvalidSignatureException", "Signature expired: 20231114T220819Z is now earlier than "),
        ("apigateway", -301, "InvalidSignatureException", "is still later than 20231114T221820Z (20231114T221320Z + 5"),
        ("sts", 301, None, ""),
        ("sts", 901, "SignatureDoesNotMatch", "(20231114T221320Z - 15 min.)"),
    ],
)
def test_the_date_of_a_signature(house: Any, service: str, late_s: float, code: str | None, part: str) -> None:
    """Five minutes for API Gateway and fifteen for STS, with the texts seen in public issues [D]."""
    if service == "sts":
        body, headers = b"Action=GetCallerIdentity", {"content-type": "application/x-www-form-urlencoded"}
        request = house.request(ROOT, "sts", "POST", "/", body, headers=headers, late_s=late_s)
    else:
        request = house.request(ROOT, late_s=late_s)
    if code is None:
        assert house.door.identify(request, house.settings).kind == "root"
    else:
        error = _refused(house, request)
        assert (error.code, part in error.message) == (code, True), error.message


def test_the_driven_clock_ages_no_signature_but_the_skew_setting_does(house: Any) -> None:
    """Clients sign with the machine's clock, whatever a test does to the double's."""
    house.clock.advance(7200)
    assert house.door.identify(house.request(ROOT), house.settings).kind == "root"
    house.settings = dataclasses.replace(house.settings, signature_skew_seconds=-600.0)
    assert "not yet current" in _refused(house, house.request(ROOT)).message


@pytest.mark.parametrize(
    ("wire", "status", "codes"),
    [
        (
            "rest",
            403,
            ("UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationTokenException"),
        ),
        (
            "json",
            400,
            ("UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationTokenException"),
        ),
        ("query", 403, ("InvalidClientTokenId", "SignatureDoesNotMatch", "MissingAuthenticationToken")),
    ],
)
def test_refusals_by_protocol(house: Any, wire: str, status: int, codes: tuple[str, ...]) -> None:
    """Unknown key, wrong secret, no signature [D codes; D statuses of json services]."""

    def made(key: RootKey) -> Any:
        if wire == "rest":
            return house.request(key)
        return house.json(key, "logs", "DescribeLogGroups") if wire == "json" else house.form(key, "iam", "GetUser")

    good = made(ROOT)
    naked = dataclasses.replace(good, headers={k: v for k, v in good.headers.items() if k != "authorization"})
    errors = [
        _refused(house, made(RootKey("AKIANOBODY", "x"))),
        _refused(house, made(RootKey(ROOT.access_key_id, "x"))),
    ]
    errors.append(_refused(house, naked))
    assert [(error.status, error.code) for error in errors] == [(status, code) for code in codes]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("x-amz-date", "", "IncompleteSignatureException"),
        ("x-amz-date", "yesterday", "IncompleteSignatureException"),
        ("x-amz-date", "20231113T221320Z", "InvalidSignatureException"),
        ("x-amz-security-token", "made-up", "UnrecognizedClientException"),
    ],
)
def test_headers_that_do_not_fit(house: Any, name: str, value: str, code: str) -> None:
    """No date, a date of another day than the scope's, a session token for a key that has none."""
    request = house.request(ROOT)
    assert _refused(house, dataclasses.replace(request, headers={**request.headers, name: value})).code == code


def test_presigned_requests_are_not_here(house: Any) -> None:
    """Said by name."""
    request = dataclasses.replace(house.request(ROOT), query_string="X-Amz-Credential=a%2Fb")
    assert (_refused(house, request).status, _refused(house, request).code) == (501, "NotImplemented")
