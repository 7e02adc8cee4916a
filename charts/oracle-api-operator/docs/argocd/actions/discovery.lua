-- Which actions an object offers: argocd-cm, resource.customizations.actions.oracleapi.dev_<Kind>
local suspended = obj.spec ~= nil and obj.spec.suspend == true
return {
  ["reconcile"] = { ["disabled"] = suspended },
  ["suspend"] = { ["disabled"] = suspended },
  ["resume"] = { ["disabled"] = not suspended },
}
