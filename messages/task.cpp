#include "messages/task.hpp"

namespace wheelwork {

std::string_view to_string(skip_verdict verdict) {
  switch (verdict) {
  case skip_verdict::overlap: return "overlap";
  case skip_verdict::misfire: return "misfire";
  case skip_verdict::disabled: return "disabled";
  case skip_verdict::max_runs: return "max_runs";
  case skip_verdict::ended: return "ended";
  }
  return "?";
}

} // namespace wheelwork
