#include "sources/dead_letter.hpp"

#include "brokers/json_bytes.hpp"
#include "schedule/time_text.hpp"

namespace wheelwork {

std::string dead_letter_json(const source_setup& setup, const dead_message& why, std::string_view message) {
  nlohmann::ordered_json letter = nlohmann::ordered_json::object();
  put_bytes(letter, "message", message);
  letter["pool"] = setup.pool;
  letter["source"] = kind_name(setup.from);
  put_bytes(letter, "key", key_of(setup.from));
  letter["reason"] = why.reason;
  put_bytes(letter, "error", why.error);
  letter["attempts"] = why.attempts;
  letter["time"] = format_time(setup.clock->wall_now());
  return letter.dump();
}

} // namespace wheelwork
