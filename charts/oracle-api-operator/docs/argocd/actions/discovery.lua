-- Which actions an object offers: argocd-cm, resource.customizations.actions.oracleapi.dev_<Kind>
local suspended = obj.spec ~= nil and obj.spec.suspend == true
local actions = {
  ["reconcile"] = { ["disabled"] = suspended },
  ["suspend"] = { ["disabled"] = suspended },
  ["resume"] = { ["disabled"] = not suspended },
}
if obj.kind == "SecretRotation" then
  actions["rotate"] = { ["disabled"] = suspended }
end
return actions
