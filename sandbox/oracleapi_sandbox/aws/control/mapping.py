"""Parameter mapping as the control plane judges it; the language itself is read by the data plane's parser.

Source: Developer Guide, "Transforming API requests and responses for HTTP APIs" [D]. The frame of the refusal is the
real text [D], what stands in its list is [U].
"""

from collections.abc import Mapping

from oracleapi_sandbox.aws.data.mapping import Change, MappingError, Part, parse_key, parse_value
from oracleapi_sandbox.aws.errors import AwsError, bad_request
from oracleapi_sandbox.aws.settings import ControlSettings

_EMPTY = ("", "''")


def check_request_parameters(parameters: Mapping[str, str], settings: ControlSettings) -> None:
    """Refuse what HTTP APIs refuse in a request mapping.

    Raises:
        AwsError: BadRequestException "Invalid mapping expression specified": a key of another form, a reserved
            header, a variable that does not exist, a claim name with other characters than letters, digits, ``.``
            and ``_``, or a form that a switch turns off.
    """
    for key, value in parameters.items():
        try:
            change = parse_key(key)
            if change.action != "remove":
                _check_switches(change, parse_value(value), settings)
            elif value not in _EMPTY:
                raise MappingError(f"Value of {key} must be ''")
        except MappingError as error:
            raise _invalid(str(error)) from None


def _check_switches(change: Change, parts: tuple[Part, ...], settings: ControlSettings) -> None:
    """Refuse the forms of which nobody knows whether real gateways take them, where the switch says so."""
    whole_path = any(part.source == "path" for part in parts)
    if change.place == "path" and whole_path and len(parts) > 1 and not settings.path_static_plus_variable:
        raise MappingError("Invalid mapping expression specified: static text with $request.path")
    if Part("context", "routeKey") in parts and not settings.mapping_accepts_route_key:
        raise MappingError("Invalid mapping expression specified: $context.routeKey")
    host = change.place == "header" and change.name.lower() == "host"
    if host and any(part.source == "context" for part in parts) and not settings.host_header_accepts_context:
        raise MappingError("Operations on header Host are restricted")


def _invalid(reason: str) -> AwsError:
    return bad_request(f"Invalid mapping expression specified: Validation Result: warnings : [], errors : [{reason}]")
