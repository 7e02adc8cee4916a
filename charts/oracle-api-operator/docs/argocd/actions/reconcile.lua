-- Ask for a pass now; the token is told back as status.lastHandledReconcileAt.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["oracleapi.dev/reconcile-requested-at"] = os.date("!%Y-%m-%dT%XZ")
return obj
