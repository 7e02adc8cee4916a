-- Health of every kind of oracleapi.dev: argocd-cm, resource.customizations.health.oracleapi.dev_<Kind>
local health = { status = "Progressing", message = "Waiting for the operator" }
local status, generation = obj.status, obj.metadata.generation
if status == nil or status.conditions == nil then
  return health
end
local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local function is(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end
if is("Suspended") then
  return { status = "Suspended", message = conditions.Suspended.message }
end
if status.observedGeneration ~= generation or conditions.Ready == nil then
  return health
end
local ready = conditions.Ready
health.message = ready.reason .. ": " .. ready.message
if ready.reason == "PlanWaiting" then
  health.status = "Suspended"
elseif is("Stalled") then
  health.status = "Degraded"
elseif is("Reconciling") or ready.observedGeneration ~= generation then
  health.status = "Progressing"
elseif is("Ready") then
  health.status = "Healthy"
  if is("Drifted") then
    health.message = conditions.Drifted.message
  end
elseif ready.status == "False" then
  health.status = "Degraded"
end
return health
