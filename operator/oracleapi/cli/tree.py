"""``tree``: what the platform offers, the APIs on it, and what belongs to them. Pure."""

from typing import Any

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from oracleapi.cli.objects import OFFERS, Resource, Snapshot, condition, key_of, namespace_of, ready, reference, title
from oracleapi.cli.output import state, words

ROUTE_STATES = {
    "Serving": "True",
    "Degraded": "Unknown",
    "Pending": "Unknown",
    "Refused": "False",
    "Withdrawn": "False",
}
Node = dict[str, Any]


def build_tree(snapshot: Snapshot) -> list[Node]:
    """Return databases with what hangs on them, and then what hangs on nothing that was read."""
    seen: set[tuple[str, str, str]] = set()
    roots = [_database(snapshot, found, seen) for found in snapshot.of("OracleDatabase")]
    loose = [
        found for kind in ("OracleApi", "OracleRole", "RoleBinding", "SecretRotation") for found in snapshot.of(kind)
    ]
    for found in loose:
        if key_of(found) not in seen:
            roots.append(_api(snapshot, found, seen) if found["kind"] == "OracleApi" else _node(found, seen))
    for kind in OFFERS:
        roots += [_node(found, seen) for found in snapshot.of(kind) if key_of(found) not in seen]
    return roots


def _node(resource: Resource, seen: set[tuple[str, str, str]], note: str = "") -> Node:
    seen.add(key_of(resource))
    found = ready(resource)
    node = {"kind": resource["kind"], "name": title(resource), "ready": found["status"], "reason": found["reason"]}
    if found["status"] != "True":
        node["message"] = found["message"]
    return node | ({"note": note} if note else {}) | {"children": []}


def _database(snapshot: Snapshot, database: Resource, seen: set[tuple[str, str, str]]) -> Node:
    name = database["metadata"]["name"]
    status = database.get("status", {})
    versions = {"Oracle": status.get("databaseVersion"), "ORDS": status.get("ordsVersion")}
    node = _node(database, seen, ", ".join(f"{what} {version}" for what, version in versions.items() if version))
    link = snapshot.find("VpcLink", reference(database, "ords", "gatewayTarget", "vpcLinkRef"))
    if link is not None:
        through = _node(link, seen, link.get("status", {}).get("state", ""))
        account = snapshot.find("AwsAccount", reference(link, "accountRef"))
        if account is not None:
            spec = account["spec"]
            through["children"].append(_node(account, seen, f"{spec['accountId']} {spec['region']}"))
        node["children"].append(through)
    for api in snapshot.of("OracleApi"):
        if reference(api, "databaseRef") == name:
            node["children"].append(_api(snapshot, api, seen))
    for role in snapshot.of("OracleRole"):
        if reference(role, "databaseRef") == name:
            status = role.get("status", {})
            note = f"{status.get('roleName', '')} {status.get('granted', '')}".strip()
            node["children"].append(_node(role, seen, note))
    for rotation in snapshot.of("SecretRotation"):
        if reference(rotation, "databaseRef") == name:
            node["children"].append(_node(rotation, seen, _password(rotation)))
    return node


def _password(rotation: Resource) -> str:
    spec, status = rotation["spec"], rotation.get("status", {})
    note = f"{status.get('activeAccount') or spec['account']} in {spec['secret']['name']}"
    told = {"": status.get("strategy"), "next ": status.get("nextRotationTime")}
    return ", ".join([note, *(f"{what}{value}" for what, value in told.items() if value)])


def _api(snapshot: Snapshot, api: Resource, seen: set[tuple[str, str, str]]) -> Node:
    status = api.get("status", {})
    note = " ".join(found for found in (status.get("routesServing", ""), status.get("endpoint", "")) if found)
    node = _node(api, seen, note)
    provider = snapshot.find("IdentityProvider", reference(api, "auth", "jwt", "providerRef"))
    if provider is not None:
        node["children"].append(_node(provider, seen, provider["spec"]["issuer"]))
    node["children"] += [_route(found) for found in status.get("routes", [])]
    for binding in snapshot.of("RoleBinding"):
        if (namespace_of(binding), reference(binding, "apiRef")) == (namespace_of(api), api["metadata"]["name"]):
            node["children"].append(_binding(binding, seen))
    return node


def _route(route: dict[str, Any]) -> Node:
    state_ = route["state"]
    node = {"kind": "route", "name": route["name"], "ready": ROUTE_STATES.get(state_, "Unknown"), "reason": state_}
    return node | ({"message": route["reason"]} if route.get("reason") else {}) | {"note": route["key"], "children": []}


def _binding(binding: Resource, seen: set[tuple[str, str, str]]) -> Node:
    role = binding.get("status", {}).get("roleName") or f"OracleRole {reference(binding, 'roleRef')}"
    who = ", ".join(f"{found['kind']} {found['name']}" for found in binding["spec"]["subjects"][:3])
    more = len(binding["spec"]["subjects"]) - 3
    node = _node(binding, seen, f"{who}{f' and {more} more' if more > 0 else ''} → {role}")
    for type_, bad in (("Consistent", "False"), ("Expired", "True")):
        found = condition(binding, type_)
        if found is not None and found["status"] == bad and node["ready"] == "True":
            node |= {"ready": "False", "reason": found["reason"], "message": found["message"]}
    return node


def tree_picture(roots: list[Node], unread: tuple[str, ...]) -> RenderableType:
    """Return the tree; a node that is not Ready tells why below itself."""
    top = Tree(Text("oracleapi", style="bold"), guide_style="dim")
    for node in roots:
        _hang(top, node)
    if not roots:
        top.add(Text("nothing here; --all-namespaces (-A) looks everywhere", style="dim"))
    if unread:
        top.add(words(f"not shown, for you may not list them: {', '.join(unread)}", "yellow"))
    return top


def _hang(parent: Tree, node: Node) -> None:
    label = Text.assemble(words(f"{node['kind']} ", "dim"), words(node["name"], "bold"), "  ")
    if node["kind"] == "route":
        label.append_text(
            state(node["ready"], node["reason"]) if node["ready"] != "True" else words("✔ Serving", "green")
        )
    else:
        label.append_text(state(node["ready"], node["reason"]))
    if node.get("note"):
        label.append_text(words(f"  {node['note']}", "dim"))
    branch = parent.add(label)
    if node.get("message"):
        branch.add(words(node["message"], "red" if node["ready"] == "False" else "yellow"))
    for child in node["children"]:
        _hang(branch, child)
