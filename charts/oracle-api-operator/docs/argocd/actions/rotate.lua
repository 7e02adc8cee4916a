-- Ask for another password now; the token is told back as status.lastHandledRotateAt. SecretRotation only.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["oracleapi.dev/rotate-requested-at"] = os.date("!%Y-%m-%dT%XZ")
return obj
