#include "persistence/diagnosis_rules.hpp"

#include <algorithm>
#include <array>

namespace wheelwork {

std::string_view name_of(severity level) {
  switch (level) {
  case severity::ok: return "ok";
  case severity::note: return "note";
  case severity::warning: return "warning";
  case severity::error: break;
  }
  return "error";
}

severity worst_of(const std::vector<finding>& findings) {
  severity worst = severity::ok;
  for (const finding& one : findings) worst = std::max(worst, one.level);
  return worst;
}

std::string words_for_bytes(uint64_t bytes) {
  static constexpr std::array units{"bytes", "KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " bytes";
  size_t unit = 0;
  uint64_t whole = bytes, rest = 0;
  while (whole >= 1024 && unit + 1 < units.size()) {
    rest = whole % 1024;
    whole /= 1024;
    ++unit;
  }
  std::string text = std::to_string(whole);
  if (whole < 10) text += "." + std::to_string(rest * 10 / 1024);
  return text + " " + units[unit];
}

std::string words_for_span(milliseconds span) {
  const auto both = [&](milliseconds large, const char* large_name, milliseconds small, const char* small_name) {
    const auto rest = span % large / small;
    return std::to_string(span / large) + large_name + (rest > 0 ? std::to_string(rest) + small_name : "");
  };
  using namespace std::chrono_literals;
  if (span >= 48h) return both(24h, "d", 1h, "h");
  if (span >= 1h) return both(1h, "h", 1min, "m");
  if (span >= 1min) return both(1min, "m", 1s, "s");
  return std::to_string(span >= 1s ? span / 1s : span.count()) + (span >= 1s ? "s" : "ms");
}

finding judge_tables(const migration_status& status) {
  const std::string versions =
      "version " + std::to_string(status.version) + ", this program has " + std::to_string(status.newest);
  if (status.version > status.newest)
    return {"tables", severity::error, versions,
            "the tables belong to a newer wheelwork: start that one, or restore an older backup"};
  if (status.version == 0)
    return {"tables", severity::note, "none yet",
            "the first start of a node makes them, or `wheelwork migrate` (with database.migrate = false only that)"};
  if (status.pending.empty()) return {"tables", severity::ok, versions, ""};
  return {"tables", severity::warning, versions + ": " + std::to_string(status.pending.size()) + " to apply",
          "stop all older nodes, then run `wheelwork migrate`, or start a node with database.migrate = true"};
}

finding judge_clock(milliseconds ahead, milliseconds exact_to, const diagnosis_limits& limits) {
  const milliseconds distance = std::chrono::abs(ahead);
  const std::string exactness = " (exact to " + std::to_string(exact_to.count()) + " ms)";
  if (distance <= exact_to) return {"clock", severity::ok, "that of the database is the same" + exactness, ""};
  // What may come from the way to the server is no skew.
  const severity level = severity_of(distance - exact_to, limits.skew_warning, limits.skew_error);
  return {"clock", level,
          "that of the database is " + words_for_span(distance) + (ahead > milliseconds{0} ? " ahead of" : " behind") +
              " this machine's" + exactness,
          level == severity::ok
              ? ""
              : "due times follow this machine's clock, and after a crash the next node decides by it "
                "what may have started: let both machines follow the same time (chrony, ntpd)"};
}

finding judge_lease(const std::optional<lease_holder>& last) {
  if (!last) return {"lease", severity::note, "no node ever used these tables", ""};
  const std::string who = "node " + last->node + " (incarnation " + std::to_string(last->incarnation) + ")";
  if (!last->left) return {"lease", severity::ok, who + " holds the lock of the database", ""};
  if (last->alive())
    return {"lease", severity::ok,
            who + " holds it for " + std::to_string(last->left->count()) + " ms more, unless it renews it", ""};
  return {"lease", severity::note, "nobody holds it; the last was " + who,
          "no job runs while no node does: start one, unless that is meant"};
}

finding judge_running(const running_rows& rows, bool some_node_alive) {
  if (rows.all == 0) return {"running jobs", severity::ok, "none with a recorded start", ""};
  const std::string all = std::to_string(rows.all) + " with a recorded start";
  if (rows.without_owner == 0) return {"running jobs", severity::ok, all + ", each of a node that is alive", ""};
  const std::string found = all + ", " + std::to_string(rows.without_owner) +
                            " of them by a node that is not alive, the oldest " + words_for_span(rows.oldest) + " ago";
  if (!some_node_alive)
    return {"running jobs", severity::warning, found,
            "start a node: it goes on with processes that still run, and repeats the rest"};
  return {"running jobs", severity::warning, found,
          "the node in charge leaves them alone for process_target.adopt_within, then repeats them; one that stays for "
          "longer can be ended by `wheelwork job cancel ID`"};
}

finding judge_free_space(const std::string& place, uint64_t free_bytes, uint64_t database_bytes,
                         const diagnosis_limits& limits) {
  const severity level = free_bytes < limits.free_space_error     ? severity::error
                         : free_bytes < limits.free_space_warning ? severity::warning
                                                                  : severity::ok;
  return {"free space", level,
          words_for_bytes(free_bytes) + " in " + place + "; the database has " + words_for_bytes(database_bytes),
          level == severity::ok
              ? ""
              : "free some space or move the database: on a full disk pushes are refused with 503 and "
                "nothing new starts"};
}

} // namespace wheelwork
