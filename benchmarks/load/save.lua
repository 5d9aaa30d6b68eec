-- wrk: a save of the delay_queue service, due in a day; each with a URL of its own, as its users' GETs have.
local thread, saves = 0, 0
function setup(one)
  one:set("thread_number", thread)
  thread = thread + 1
end
function init()
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end
function request()
  saves = saves + 1
  return wrk.format("POST", "/api/task/save", nil,
    "notify_url=http%3A%2F%2F127.0.0.1%3A9%2Fqueue%2Fvip%3Forder%3D" .. thread_number .. "." .. saves .. "&plan_time=" .. os.time() + 86400)
end
