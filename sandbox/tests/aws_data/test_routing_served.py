"""Host, stage and route selection, over the wire."""

import pytest


def test_a_request_reaches_the_back_end_and_comes_back(gateway):
    gateway.deploy("GET /hr/{id}")
    reply = gateway.call("/hr/7?a=1&b=%20")
    assert (reply.echo.method, reply.echo.target, reply.echo.http_version) == ("GET", "/hr/7?a=1&b=%20", "1.1")
    assert len(reply.header("apigw-requestid")) == 16
