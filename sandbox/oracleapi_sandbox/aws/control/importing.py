"""ImportApi and ReimportApi: build what a document says beside the store, then put it in place in one step."""

from typing import Any

from oracleapi_sandbox.aws.control.apis import check_cors, new_api, store_api
from oracleapi_sandbox.aws.control.authorizers import check_authorizer
from oracleapi_sandbox.aws.control.context import Context, Handler, Result
from oracleapi_sandbox.aws.control.document import Document, read_document
from oracleapi_sandbox.aws.control.integrations import prepare_integration
from oracleapi_sandbox.aws.control.model import ServiceModel
from oracleapi_sandbox.aws.control.routes import check_authorization, check_route_key, check_unique, shape_of
from oracleapi_sandbox.aws.control.store import ApiItem, Item, new_id
from oracleapi_sandbox.aws.control.tagging import check_tags
from oracleapi_sandbox.aws.errors import AwsError, bad_request, quota_reached

BASEPATHS = ("ignore", "prepend", "split")


class Importer:
    """The import operations; *model* checks the members that a document carries."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model

    def operations(self) -> dict[str, Handler]:
        return {"ImportApi": self._import, "ReimportApi": self._reimport}

    async def _import(self, ctx: Context, members: dict[str, Any]) -> Result:
        """ImportApi: name, description, version, CORS and tags come from the document [D]."""
        document = self._read(ctx, members)
        own = self._own_members(document)
        built = await self._built(ctx, document, new_api(ctx, {}), members)
        built.replace({**own, "Tags": document.tags})
        store_api(ctx, built)
        return self._answer(built, document)

    async def _reimport(self, ctx: Context, members: dict[str, Any]) -> Result:
        """ReimportApi: everything the document describes is replaced; stages and deployments stay [D].

        Name, description, version and CORS follow the document [D]; tags and ids by switch [U].
        """
        ctx.api(members)
        document = self._read(ctx, members)
        own = self._own_members(document)
        built = await self._built(ctx, document, ctx.api(members), members)
        api = ctx.api(members)
        api.routes, api.integrations, api.authorizers = built.routes, built.integrations, built.authorizers
        api.replace(own)
        if ctx.settings.reimport_replaces_tags:
            api.replace({"Tags": document.tags})
        return self._answer(api, document)

    def _read(self, ctx: Context, members: dict[str, Any]) -> Document:
        basepath = members.get("Basepath", "ignore")
        if basepath not in BASEPATHS:
            raise bad_request(f"Invalid value at basepath: must be one of [{', '.join(BASEPATHS)}]")
        variables = {
            "AWS::AccountId": ctx.account.account_id,
            "AWS::Region": ctx.region,
            "AWS::Partition": "aws",
        }
        document = read_document(members["Body"], basepath, variables)
        check_tags(document.tags)
        return document

    def _own_members(self, document: Document) -> dict[str, Any]:
        """Return the API's own members as the document has them; ``None`` for those it has not."""
        nothing = {"Description": None, "Version": None, "CorsConfiguration": None}
        found = nothing | self._model.read("CreateApi", document.api, "info")
        check_cors(found["CorsConfiguration"] or {})
        return found

    async def _built(self, ctx: Context, document: Document, old: ApiItem, members: dict[str, Any]) -> ApiItem:
        """Return an API that holds the document's children; ids of *old* are kept by switch.

        Raises:
            AwsError: The document is wrong, or has warnings and the caller wants those to fail.
        """
        built = ApiItem(old.members, old.created, old.seq)
        keep = old if ctx.settings.reimport_keeps_ids else ApiItem({}, 0.0)
        authorizers = await self._authorizers(ctx, document, built, keep)
        integrations = self._integrations(ctx, document, built, keep)
        self._routes(ctx, document, built, keep, authorizers, integrations)
        if members.get("FailOnWarnings") and document.warnings:
            listed = "".join(f"\n\t{warning}" for warning in document.warnings)
            raise bad_request(f"Warnings found during import:{listed}")
        return built

    async def _authorizers(self, ctx: Context, document: Document, built: ApiItem, keep: ApiItem) -> dict[str, str]:
        if len(document.authorizers) > ctx.settings.max_authorizers:
            raise quota_reached("Authorizers", "API")
        by_name = {item.members["Name"]: key for key, item in keep.authorizers.items()}
        ids: dict[str, str] = {}
        for name, given in document.authorizers.items():
            members = self._model.read("CreateAuthorizer", given, name)
            await check_authorizer(ctx, members)
            ids[name] = by_name.get(name) or new_id(6)
            built.authorizers[ids[name]] = Item({**members, "AuthorizerId": ids[name]}, ctx.now())
        return ids

    def _integrations(self, ctx: Context, document: Document, built: ApiItem, keep: ApiItem) -> dict[str, str]:
        if len(document.integrations) > ctx.settings.max_integrations:
            raise quota_reached("Integrations", "API")
        free = dict(keep.integrations)
        ids: dict[str, str] = {}
        for name, given in document.integrations.items():
            complete = self._integration(ctx, document, name, given)
            if complete is None:
                continue
            same = (key for key, item in free.items() if {**complete, "IntegrationId": key} == item.members)
            ids[name] = next(same, None) or new_id(7)
            free.pop(ids[name], None)
            built.integrations[ids[name]] = Item({**complete, "IntegrationId": ids[name]}, ctx.now())
        return ids

    def _integration(self, ctx: Context, document: Document, name: str, given: dict[str, Any]) -> dict[str, Any] | None:
        """Return complete members, or ``None`` with a warning: the route is then made without a target [D: seen]."""
        try:
            members = self._model.read("CreateIntegration", given, name)
            if not ctx.settings.import_keeps_mappings:
                members.pop("RequestParameters", None)
            pending = ctx.settings.import_accepts_pending_link
            return prepare_integration(ctx, members, accepts_pending_link=pending)
        except AwsError as error:
            if error.status == 501:
                raise
            document.warnings.append(f"Unable to create integration for {name}: {error.message}")
            return None

    def _routes(
        self,
        ctx: Context,
        document: Document,
        built: ApiItem,
        keep: ApiItem,
        authorizers: dict[str, str],
        integrations: dict[str, str],
    ) -> None:
        if len(document.routes) > ctx.settings.max_routes:
            raise quota_reached("Routes", "API")
        by_shape = {shape_of(item.members["RouteKey"]): key for key, item in keep.routes.items()}
        for route in document.routes:
            check_route_key(route.key)
            check_unique(route.key, (item.members["RouteKey"] for item in built.routes.values()))
            members: dict[str, Any] = {
                "RouteKey": route.key,
                "ApiKeyRequired": False,
                "AuthorizationType": route.authorization,
            }
            if route.authorizer:
                members["AuthorizerId"] = authorizers[route.authorizer]
            members.update(self._model.read("CreateRoute", route.operation_members(), route.key))
            if route.integration in integrations:
                members["Target"] = f"integrations/{integrations[route.integration]}"
            check_authorization(built.authorizers, members)
            route_id = by_shape.get(shape_of(route.key)) or new_id(7)
            built.routes[route_id] = Item({**members, "RouteId": route_id}, ctx.now())

    def _answer(self, api: ApiItem, document: Document) -> Result:
        return {**api.members, "Warnings": document.warnings, "ImportInfo": document.info}
