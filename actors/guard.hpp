// What every actor does with an exception that escapes a handler: it is logged with its text, which CAF would drop, and
// the actor ends. The keeper, which monitors all of them, then stops the node.
#pragma once

#include <caf/error.hpp>
#include <caf/sec.hpp>
#include <spdlog/spdlog.h>

#include <exception>

namespace wheelwork {

/// Called first in make_behavior. `name`: of the actor, for the log.
template <class Self>
void guard(Self* self, const char* name) {
  self->set_exception_handler([name](std::exception_ptr& escaped) -> caf::error {
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& error) {
      spdlog::critical("{} ends: {}", name, error.what());
    } catch (...) {
      spdlog::critical("{} ends: an exception of unknown type", name);
    }
    return caf::make_error(caf::sec::runtime_error);
  });
}

} // namespace wheelwork
