"""Every switch of the AWS double with what is known about it, and the merge behind ``PUT /_sandbox/settings``.

[D] documented or a real error text quoted in public, [M] measured, [U] unconfirmed: nobody has shown it on a real
account, so both positions exist and the tests run both.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

WIRING = frozenset(["targets"])
"""Settings that say where things are: a reset leaves them."""


class SettingError(ValueError):
    """An unknown setting or a value of the wrong type; the text names the setting."""


@dataclass(frozen=True)
class ControlSettings:
    """Switches of the API Gateway v2 control plane.

    Request quotas and timing
        ``quotas``: request quotas of the account as token buckets: ``off``, ``real``, or a factor that makes the
        real ones faster (2.0 = twice as fast). Rates [D]; that they are counted per account and Region is [U].
        ``deployment_quota_covers_v2``: the 1 per 5 s of CreateDeployment holds for v2 too [U].
        ``concurrent_modification``: 409 for parallel changes of one API [D]: ``off``, ``overlap`` (a change that
        arrives while another of the same API runs), or a probability. ``mutation_ms``: how long a change runs [U].
        ``concurrent_window_ms``: a change that arrives so soon after the last one of the same API is a 409 too, even
        if nothing overlaps [U]; by the double's clock.
        ``list_lag_ms``: how long lists stay behind: new resources, changes (tags too) and deletions [U]. Reads by id
        are never behind [U]. ``list_lag_covers_deletes``: deleted ones are still listed for that time [U].
        ``deploy_lag_ms``: how long a deployment takes until callers meet it [U].
        ``discovery_check``: creating a JWT authorizer reads the issuer's discovery document [D].
        ``discovery_timeout_ms``: its time limit [D].

    Access
        ``signature_skew_seconds``: how far ahead of the machine's clock the date of a signature is judged (negative:
        behind); more than 5 minutes, 15 for STS and IAM, is refused [D]. The clock that tests drive does not count
        there, because clients sign with the machine's.
        ``create_with_tags_needs``: what a create with tags asks for besides its own action: ``TagResource`` (the
        action ``apigateway:TagResource`` on what is created, one public issue of 2023), ``tags path``
        (``apigateway:POST`` on ``/tags/``, public issues of 2021), or ``nothing`` [U].
        ``access_logs_need_delivery_rights``: turning access logs on needs the caller's rights on log deliveries; that
        they are needed is [D], that they are enforced was doubted in public (iam-dataset#12) [U].
        ``missing_secret_is_denied``: a secret that is not there is asked for by the name given, which no policy on
        ARNs allows: AccessDeniedException; otherwise ResourceNotFoundException [U].
        ``missing_secret_is_named``: the condition key ``secretsmanager:SecretId`` holds that name; otherwise the
        request has no such key, which is documented as an ARN [U].

    VPC links
        ``vpc_link_seconds``: PENDING lasts this long ("a few minutes" [D]; short here).
        ``vpc_link_fails``: new links become FAILED instead of AVAILABLE.
        ``vpc_link_delete_seconds``: DELETING stays visible this long [U].
        ``inactive_vpc_links``: ids that answer INACTIVE (60 days without traffic [D]).
        ``integration_accepts_pending_link``: CreateIntegration takes a link that is not yet AVAILABLE [U].

    Import and export
        ``import_keeps_mappings``: requestParameters of HTTP_PROXY integrations in a document are kept (read back on
        real AWS by one project) or dropped silently [U].
        ``import_accepts_pending_link``: a document may name a PENDING link; otherwise the integration is left out
        with a warning [U].
        ``reimport_keeps_ids``: routes, integrations and authorizers that match keep their ids [U].
        ``reimport_replaces_tags``: tags of the document replace those of the API (seen by others; absent tags [U]).
        ``export_shows_mappings``, ``export_shows_tags``: what ExportApi writes [U].
        ``export_shares_integrations``: integrations are exported as components with references [U].

    Stages and deployments
        ``autodeploy_on_publishes``: turning AutoDeploy on makes a deployment at once [U].
        ``autodeploy_stage_accepts_deployments``: CreateDeployment may name a stage with AutoDeploy on [U].
        ``stage_settings_merge``: members given in a RouteSettings entry or DefaultRouteSettings are merged into the
        stored ones; otherwise they replace them [U].
        ``omitted_throttle_is_zero``: a settings object without limits throttles everything (429) [U].

    Mappings
        ``path_static_plus_variable``: ``overwrite:path`` may join static text and the whole ``$request.path`` [U].
        ``mapping_accepts_route_key``: ``$context.routeKey`` maps into a header [U].
        ``host_header_accepts_context``: ``overwrite:header.Host`` may hold ``$context`` (one project was refused) [U].
        ``integration_method_required``: HTTP_PROXY needs IntegrationMethod [U].

    Lists and resource quotas
        ``default_page_size`` [U], ``max_page_size`` [U]: of every list call.
        ``max_*``: resource quotas [D]. Routes and stages can be raised on request, the others not.
    """

    quotas: Literal["off", "real"] | float = "off"
    deployment_quota_covers_v2: bool = False
    concurrent_modification: Literal["off", "overlap"] | float = "off"
    mutation_ms: float = 0.0
    concurrent_window_ms: float = 0.0
    list_lag_ms: float = 0.0
    list_lag_covers_deletes: bool = True
    deploy_lag_ms: float = 0.0
    discovery_check: bool = True
    discovery_timeout_ms: float = 1500.0
    signature_skew_seconds: float = 0.0
    create_with_tags_needs: Literal["TagResource", "tags path", "nothing"] = "TagResource"
    access_logs_need_delivery_rights: bool = True
    missing_secret_is_denied: bool = True
    missing_secret_is_named: bool = True
    vpc_link_seconds: float = 2.0
    vpc_link_fails: bool = False
    vpc_link_delete_seconds: float = 1.0
    inactive_vpc_links: tuple[str, ...] = ()
    integration_accepts_pending_link: bool = True
    import_keeps_mappings: bool = True
    import_accepts_pending_link: bool = False
    reimport_keeps_ids: bool = False
    reimport_replaces_tags: bool = True
    export_shows_mappings: bool = True
    export_shows_tags: bool = True
    export_shares_integrations: bool = False
    autodeploy_on_publishes: bool = True
    autodeploy_stage_accepts_deployments: bool = False
    stage_settings_merge: bool = True
    omitted_throttle_is_zero: bool = False
    path_static_plus_variable: bool = True
    mapping_accepts_route_key: bool = True
    host_header_accepts_context: bool = False
    integration_method_required: bool = True
    default_page_size: int = 25
    max_page_size: int = 500
    max_apis: int = 600
    max_routes: int = 300
    max_integrations: int = 300
    max_stages: int = 10
    max_authorizers: int = 10
    max_vpc_links: int = 10


class Section(Protocol):
    """Switches of another part, kept by that part."""

    def update(self, values: Mapping[str, Any]) -> None:
        """Set switches by name, all or none; raise ValueError naming the wrong one."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Return all switches, JSON-ready and accepted by :meth:`update`."""
        ...


class SettingsStore:
    """The current settings: those of the control plane and of further sections, in one flat name space."""

    def __init__(self, *sections: Section) -> None:
        self.control = ControlSettings()
        self._sections = sections
        self._defaults = [section.as_json() for section in sections]
        names = [name for part in [dataclasses.asdict(self.control), *self._defaults] for name in part]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"setting declared twice: {doubled}")

    def show(self) -> dict[str, Any]:
        """Return all settings, JSON-ready."""
        shown = dataclasses.asdict(self.control)
        for section in self._sections:
            shown.update(section.as_json())
        return shown

    def merge(self, patch: Mapping[str, Any]) -> None:
        """Set the settings named in *patch*, all or none.

        Raises:
            SettingError: A name is unknown or a value has the wrong type.
        """
        hints = typing.get_type_hints(ControlSettings)
        if unknown := sorted(set(patch) - set(self.show())):
            raise SettingError(f"unknown setting: {', '.join(unknown)}")
        control = {name: coerce(name, value, hints[name]) for name, value in patch.items() if name in hints}
        for section in self._sections:
            try:
                section.update({name: value for name, value in patch.items() if name in section.as_json()})
            except ValueError as wrong:
                raise SettingError(str(wrong)) from None
        self.control = dataclasses.replace(self.control, **control)

    def reset(self) -> None:
        """Return to the values the double started with; wiring stays."""
        self.control = ControlSettings()
        for section, defaults in zip(self._sections, self._defaults, strict=True):
            section.update({name: value for name, value in defaults.items() if name not in WIRING})


def coerce(name: str, value: Any, hint: Any) -> Any:
    """Return *value* checked against the type *hint* of the setting *name*; lists become tuples.

    Raises:
        SettingError: The text names the setting.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        for option in arguments:
            try:
                return coerce(name, value, option)
            except SettingError:
                continue
    elif origin is Literal:
        if value in arguments and not isinstance(value, bool):
            return value
    elif origin is tuple and isinstance(value, list):
        return tuple(coerce(name, item, arguments[0]) for item in value)
    elif hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    elif isinstance(hint, type) and isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    raise SettingError(f"wrong value for setting {name}: expected {hint}")
