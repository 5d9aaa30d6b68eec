#include "persistence/sql/registration.hpp"

#include "persistence/table_prefix.hpp"

#include <sys/random.h>

namespace wheelwork {

std::string fault_of(const journal_options& options) {
  constexpr uint16_t shards_max = 1024, writers_max = 64;
  if (!is_table_prefix(options.table_prefix))
    return "the table prefix `" + options.table_prefix +
           "` is not usable: letters, digits and _, at most 32, not a digit first";
  if (options.shards == 0 || options.shards > shards_max)
    return "the number of shards must be from 1 to 1024, not " + std::to_string(options.shards);
  if (options.writers == 0 || options.writers > writers_max)
    return "the number of writers must be from 1 to 64, not " + std::to_string(options.writers);
  return {};
}

std::array<char, 16> new_secret() {
  std::array<char, 16> secret{};
  if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size()))
    throw std::runtime_error{"the system gave no random bytes for the database's secret"};
  return secret;
}

} // namespace wheelwork
