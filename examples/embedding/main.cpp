// A program of one's own around wheelwork: all its commands, and two C++ functions that jobs can call by name.
#include "app/program.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace {

using namespace wheelwork;

/// Adds up an invoice. It may take its time (think of a database), so it runs on a thread of the pool. What it throws,
/// here for a payload that is not as it should be, fails the attempt with the exception's text.
native_outcome add_up_invoice(const native_call& call) {
  auto invoice = nlohmann::json::parse(call.payload);
  int64_t cents = 0;
  for (const auto& line : invoice.at("lines")) {
    if (call.stop.stop_requested()) throw std::runtime_error{"nobody waits for it any more"};
    cents += line.at("cents").get<int64_t>();
  }
  // A repeated attempt has the same key: hand it to whatever must not happen twice.
  native_outcome outcome;
  outcome.result = nlohmann::json{{"cents", cents}, {"idempotency_key", call.idempotency_key()}}.dump();
  return outcome;
}

/// Returns within microseconds, so it needs no thread.
native_outcome greet(const native_call& call) {
  native_outcome outcome;
  outcome.result = nlohmann::json(fmt::format("attempt {} of job {}", call.attempt, to_string(call.id))).dump();
  return outcome;
}

} // namespace

int main(int argc, char** argv) {
  auto handlers = std::make_shared<native_registry>();
  handlers->add("invoice.add_up", add_up_invoice);
  handlers->add("greet", greet, handler_kind::quick);
  return run_program(argc, argv, handlers);
}
