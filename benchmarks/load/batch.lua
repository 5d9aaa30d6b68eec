-- wrk: a thousand jobs a request, due at once.
local job = '{"target":{"native":{"handler":"noop"}},"payload":{"text":"' .. string.rep("x", 85) .. '"}}'
local jobs = {}
for i = 1, 1000 do jobs[i] = job end

wrk.method = "POST"
wrk.path = "/api/v1/jobs/batch"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"jobs":[' .. table.concat(jobs, ",") .. ']}'
