"""May this request pass: the privileges of its path against the token it carries."""

import logging

from oracleapi_sandbox.ords.faults import INVALID_TOKEN, REALM, OrdsError, forbidden, unauthorized
from oracleapi_sandbox.ords.http import Request
from oracleapi_sandbox.ords.model import JwtProfile, Privilege, RestSchema
from oracleapi_sandbox.ords.settings import OrdsSettings
from oracleapi_sandbox.ords.tokens import Caller, InvalidTokenError, TokenValidator

log = logging.getLogger(__name__)


class Gate:
    """Authenticates and authorises: steps 3 to 5 of a request."""

    def __init__(self, settings: OrdsSettings, validator: TokenValidator) -> None:
        self._settings = settings
        self._validator = validator

    def admit(self, request: Request, schema: RestSchema, privileges: list[Privilege]) -> Caller | None:
        """Return the caller that passes all *privileges*; ``None`` is an anonymous one on an unprotected path.

        Raises:
            OrdsError: 401, or 403 where a switch says so.
        """
        if not privileges:
            return self._unprotected(request, schema)
        scheme, token = _credentials(request)
        if scheme is None:
            raise unauthorized(REALM if self._settings.challenge_without_credentials else None)
        if scheme != "bearer":
            raise unauthorized()
        caller = self._authenticate(request, schema, token)
        for privilege in privileges:
            self._authorize(caller, privilege)
        return caller

    def _unprotected(self, request: Request, schema: RestSchema) -> Caller | None:
        scheme, token = _credentials(request)
        if scheme == "bearer" and self._settings.bearer_on_public_paths == "validated":
            return self._authenticate(request, schema, token)
        if scheme not in (None, "bearer") and self._settings.foreign_authorization_refused:
            raise unauthorized()
        return None

    def _authenticate(self, request: Request, schema: RestSchema, token: str) -> Caller:
        profile = self._profile(schema)
        if profile is None or (request.scheme != "https" and self._settings.verify_ssl):
            raise unauthorized()
        try:
            return self._validator.validate(token, profile)
        except InvalidTokenError as error:
            log.info("%s token refused for /%s: %s", request.ecid, schema.pattern, error)
            raise unauthorized() from error

    def _profile(self, schema: RestSchema) -> JwtProfile | None:
        settings = self._settings
        if not settings.jwt_profile_enabled:
            return None
        if settings.jwt_profile_mode == "SCHEMA":
            return schema.jwt_profile
        issuer, audience, url = (
            settings.jwt_profile_issuer,
            settings.jwt_profile_audience,
            settings.jwt_profile_jwk_url,
        )
        if issuer is None or audience is None or url is None:
            return None
        return JwtProfile(issuer, audience, url, role_claim_name=settings.jwt_profile_role_claim_name)

    def _authorize(self, caller: Caller, privilege: Privilege) -> None:
        """An empty role list asks for any authenticated caller in role mode [D]; scopes are compared exactly [D]."""
        holds_role = not privilege.roles or not caller.roles.isdisjoint(privilege.roles)
        if caller.role_mode:
            if not holds_role:
                raise _refusal(self._settings.missing_role_status)
        elif privilege.name not in caller.scopes or (self._settings.scope_mode_checks_roles and not holds_role):
            raise _refusal(self._settings.missing_scope_status)


def _refusal(status: int) -> OrdsError:
    return forbidden() if status == 403 else unauthorized(INVALID_TOKEN)


def _credentials(request: Request) -> tuple[str | None, str]:
    """Return the scheme, lower case, and the credentials; two Authorization headers are as bad as a wrong one."""
    values = request.header_values("authorization")
    if not values:
        return None, ""
    scheme, _, credentials = values[0].strip().partition(" ")
    return ("several", "") if len(values) > 1 else (scheme.lower(), credentials.strip())
