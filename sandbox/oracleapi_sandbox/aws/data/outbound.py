"""What goes to the back end: address, request target and headers of an HTTP_PROXY integration, mappings applied.

The request target is built by hand and sent as it is: no library that tidies paths sees it, so ``%2e%2e``, ``//`` and
``;x`` reach the back end as the caller wrote them unless a switch says otherwise.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from oracleapi_sandbox.aws.data.mapping import (
    Change,
    MappingError,
    Part,
    Scope,
    evaluate,
    parse_key,
    parse_value,
)
from oracleapi_sandbox.aws.data.request import (
    Request,
    decode_parameter,
    end_to_end,
    normalised,
    raw,
    request_target,
)
from oracleapi_sandbox.aws.data.settings import DataSettings, ForwardedHeaders, Target
from oracleapi_sandbox.aws.deployed import Integration, Route, Stage

VIA = b"HTTP/1.1 AmazonAPIGateway"
_ORDER = {"remove": 0, "overwrite": 1, "append": 2}
_NOT_COPIED = frozenset((b"host", b"content-length", b"expect"))
_NO_VALUE_CHARACTERS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True)
class Origin:
    """Where to connect. ``server_name`` is what the certificate must say (``tls`` only)."""

    host: str
    port: int
    tls: bool = False
    server_name: str | None = None


@dataclass(frozen=True)
class Outbound:
    """A request ready to be sent. ``target`` is path and query, byte for byte."""

    origin: Origin
    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class UnhealthyError(Exception):
    """There is no back end to send to; the text becomes ``$context.integration.error``."""


@dataclass
class _Draft:
    """The outgoing request while mappings change it."""

    path: str
    query: str
    headers: list[tuple[bytes, bytes]]


def build(stage: Stage, route: Route, integration: Integration, scope: Scope, settings: DataSettings) -> Outbound:
    """Build the request to the back end.

    Raises:
        MappingError: A mapping is not of the language, refused by a switch, or gives an impossible header or path.
        UnhealthyError: The listener has no target here.
    """
    try:
        return _built(stage, route, integration, scope, settings)
    except MappingError:
        raise
    except ValueError:  # a port or host that is none, text that cannot be encoded
        raise MappingError("the mapped request cannot be written") from None


def _built(stage: Stage, route: Route, integration: Integration, scope: Scope, settings: DataSettings) -> Outbound:
    origin, host, path, query = _address(stage, integration, scope, settings)
    draft = _Draft(path, "&".join(filter(None, (query, scope.request.query))), [(b"host", host)])
    added = forwarding_headers(scope.request, settings.forwarded_headers)
    replaced = {name for name, _ in added if name.startswith(b"x-forwarded-")}
    draft.headers += _caller_headers(scope.request, route, replaced, settings) + added
    _apply(draft, integration.request_parameters, scope, settings)
    path = normalised(draft.path, settings) if settings.normalise_after_routing else draft.path
    if not path.startswith("/"):
        raise MappingError("the mapped path does not start with /")
    target = request_target(path) + (f"?{draft.query}" if draft.query else "")
    method = integration.method if integration.method not in (None, "ANY") else scope.request.method
    return Outbound(origin, method or "", target.encode("ascii"), tuple(draft.headers), scope.request.body)


def _address(
    stage: Stage, integration: Integration, scope: Scope, settings: DataSettings
) -> tuple[Origin, bytes, str, str]:
    """Return origin, ``Host``, path and query before mappings."""
    if integration.connection_type == "VPC_LINK":
        origin = _listener(integration, settings)
        # [D] private integrations get the stage name in the path; a $default stage has none to give.
        prefix = "" if stage.stage_name == "$default" else f"/{stage.stage_name}"
        hosts = {
            "target": f"{origin.host}:{origin.port}",
            "request": scope.request.authority,
            "server_name": origin.server_name or f"{origin.host}:{origin.port}",
        }
        return origin, raw(hosts[settings.vpc_link_host]), prefix + scope.path, ""
    url = urlsplit(_filled(integration.uri, scope))
    if url.scheme not in ("http", "https") or not url.hostname:
        raise MappingError("the integration URI is not an http or https URL")
    tls = url.scheme == "https"
    server_name = (integration.server_name_to_verify or url.hostname) if tls else None
    origin = Origin(url.hostname, url.port or (443 if tls else 80), tls, server_name)
    return origin, raw(url.netloc.rpartition("@")[2]), url.path or "/", url.query


def _listener(integration: Integration, settings: DataSettings) -> Origin:
    """Resolve a listener ARN. Without TlsConfig a private integration speaks plain HTTP ``[D]``."""
    target: Target | None = settings.targets.get(integration.uri)
    if target is None:
        raise UnhealthyError("no healthy target behind the listener")
    if target.tls is not None and target.tls != integration.tls:
        spoken, wanted = ("https", "http") if integration.tls else ("http", "https")
        raise UnhealthyError(f"{spoken} was spoken to an {wanted} listener")
    server_name = (integration.server_name_to_verify or target.host) if integration.tls else None
    return Origin(target.host, target.port, integration.tls, server_name)


def _filled(uri: str, scope: Scope) -> str:
    """Fill ``{variable}`` of the route and ``${stageVariables.x}`` into an integration URI ``[D]``."""
    uri = evaluate(_parsed(uri, "the integration URI"), scope) or ""
    return re.sub(r"\{([\w.-]+)\+?\}", lambda found: scope.variables.get(found[1], ""), uri)


def _caller_headers(
    request: Request, route: Route, replaced: set[bytes], settings: DataSettings
) -> list[tuple[bytes, bytes]]:
    """The caller's end-to-end headers; the body's length is known, as it was read whole."""
    dropped = _NOT_COPIED | replaced
    if route.authorization_type == "AWS_IAM" and not settings.forward_authorization_of_iam:
        dropped |= {b"authorization"}
    kept = [(name, value) for name, value in end_to_end(request.headers) if name.lower() not in dropped]
    had_body = {name.lower() for name, _ in request.headers} & {b"content-length", b"transfer-encoding"}
    if request.body or had_body:
        kept.append((b"content-length", str(len(request.body)).encode()))
    return kept


def forwarding_headers(request: Request, which: ForwardedHeaders) -> list[tuple[bytes, bytes]]:
    """What the gateway tells of the caller; see ``DataSettings.forwarded_headers``."""
    host, port = request.authority, request.authority.partition(":")[2] or "443"
    added: list[tuple[str, str]] = []
    if which in ("forwarded", "both"):
        added.append(("forwarded", f"for={request.source_ip};host={host};proto=https"))
    if which in ("x-forwarded", "both"):
        seen = request.header("x-forwarded-for")
        chain = f"{seen}, {request.source_ip}" if seen else request.source_ip
        added += [("x-forwarded-for", chain), ("x-forwarded-host", host)]
        added += [("x-forwarded-port", port), ("x-forwarded-proto", "https")]
    return [(name.encode(), raw(value)) for name, value in added] + ([(b"via", VIA)] if which != "none" else [])


def _apply(draft: _Draft, parameters: dict[str, str], scope: Scope, settings: DataSettings) -> None:
    """Apply all mappings: values come from the caller's request, changes go remove, overwrite, append."""
    values = [_value(key, value, scope, settings) for key, value in parameters.items()]
    for change, value in sorted(values, key=lambda pair: _ORDER[pair[0].action]):
        if change.place == "path":
            if value is None:
                raise MappingError("the mapped path has no value")
            draft.path = value
        elif change.place == "header":
            _change_header(draft, change, value, settings)
        else:
            _change_query(draft, change, value, settings)


def _value(key: str, value: str, scope: Scope, settings: DataSettings) -> tuple[Change, str | None]:
    change = parse_key(key)
    if change.action == "remove":
        return change, None
    parts = _parsed(value, key)
    _refuse_switched_off(change, parts, settings)
    return change, evaluate(parts, scope)


def _parsed(value: str, where: str) -> tuple[Part, ...]:
    """Parse *value*; the error does not quote it, because a mapping may hold a secret and errors are logged."""
    try:
        return parse_value(value)
    except MappingError:
        raise MappingError(f"invalid mapping expression in {where}") from None


def _refuse_switched_off(change: Change, parts: tuple[Part, ...], settings: DataSettings) -> None:
    if not settings.route_key_mapping and Part("context", "routeKey") in parts:
        raise MappingError("$context.routeKey cannot be mapped")
    sources = [part.source for part in parts]
    if change.place == "path" and not settings.static_plus_request_path and "path" in sources and len(sources) > 1:
        raise MappingError("$request.path cannot be joined with other text")
    is_host = change.place == "header" and change.name.lower() == "host"
    if is_host and not settings.host_overwrite_by_context and "context" in sources:
        raise MappingError("Host cannot be mapped from $context")


def _change_header(draft: _Draft, change: Change, value: str | None, settings: DataSettings) -> None:
    name = change.name.encode().lower()
    value = _missing(change, value, settings)
    if change.action == "remove" or (change.action == "overwrite" and not _kept(value, settings)):
        draft.headers = [pair for pair in draft.headers if pair[0].lower() != name]
    if value is not None:
        draft.headers.append((name, header_value(value)))


def _change_query(draft: _Draft, change: Change, value: str | None, settings: DataSettings) -> None:
    pairs = [pair for pair in draft.query.split("&") if pair]
    value = _missing(change, value, settings)
    if change.action == "remove" or (change.action == "overwrite" and not _kept(value, settings)):
        pairs = [pair for pair in pairs if decode_parameter(pair.partition("=")[0]) != change.name]
    if value is not None:
        pairs.append(f"{_quoted(change.name)}={_quoted(value)}")
    draft.query = "&".join(pairs)


def _missing(change: Change, value: str | None, settings: DataSettings) -> str | None:
    empty = value is None and change.action == "overwrite" and settings.missing_value == "empty"
    return "" if empty else value


def _kept(value: str | None, settings: DataSettings) -> bool:
    return value is None and settings.missing_value == "keep"


def header_value(value: str) -> bytes:
    """Encode a mapped header value.

    Raises:
        MappingError: It holds a line break or another control character, or is no text at all.
    """
    try:
        encoded = raw(value).strip(b" \t")
    except UnicodeEncodeError:
        raise MappingError("the mapped value is not text") from None
    if _NO_VALUE_CHARACTERS.search(encoded):
        raise MappingError("the mapped value holds a control character")
    return encoded


def _quoted(value: str) -> str:
    return quote(value, safe="", errors="surrogateescape")
