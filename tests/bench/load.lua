-- wrk sends each line of the file named after -- once, in order, and takes gzip as every browser does; the last line of
-- its output is for run.py.
local paths, at = {}, 0
function init(arguments)
  for line in io.lines(arguments[1]) do paths[#paths + 1] = line end
end
function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at], {["Host"] = "localhost", ["HX-Request"] = "true", ["Accept-Encoding"] = "gzip"})
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("figures %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(95), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
