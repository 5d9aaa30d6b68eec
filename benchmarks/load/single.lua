-- wrk: one job a request, due at once.
wrk.method = "POST"
wrk.path = "/api/v1/jobs"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"target":{"native":{"handler":"noop"}},"payload":{"text":"' .. string.rep("x", 85) .. '"}}'
