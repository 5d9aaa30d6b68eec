// What is right and wrong with the database that the journal would use: findings as plain values, each with what to do.
//
// A diagnosis only reads. It takes no lease and no lock that a node could notice, and goes beside a running node.
#pragma once

#include "persistence/diagnosis_limits.hpp"
#include "persistence/journal.hpp"

namespace wheelwork {

enum class severity : uint8_t {
  ok,      ///< looked at, and in order
  note,    ///< worth knowing, nothing to do now; also what could not be looked at
  warning, ///< goes on for now; do something soon
  error,   ///< jobs are lost, stand still or soon will
};

/// `ok`, `note`, `warning`, `error`.
std::string_view name_of(severity level);

struct finding {
  std::string check; ///< what was looked at, in few words: `durability`, `dead rows of ww_job`
  severity level = severity::ok;
  std::string found;  ///< with its number
  std::string advice; ///< what to do; empty where there is nothing to
};

/// The highest of all; `ok` where there is none.
severity worst_of(const std::vector<finding>& findings);

/// Looks at the database of the URL. options.clock must be set. The error: it could not be reached or its URL is wrong,
/// with what to do.
result<std::vector<finding>, std::string> diagnose(const journal_options& options, const diagnosis_limits& limits = {});

} // namespace wheelwork
