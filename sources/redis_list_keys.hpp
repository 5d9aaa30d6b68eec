// The keys that a pool uses beside the list that it reads (redis_list_scripts.hpp says what is in them).
#pragma once

#include "messages/pool.hpp"

namespace wheelwork {

struct redis_list_keys {
  redis_list_keys(const std::string& pool, const redis_list_source& from, std::string dead_letter);

  std::string source, consumers, landing, own_of, losses, dead;
  std::string batches, batch_of; ///< of a list that is recorded (redis_batch_scripts.hpp)
  std::string take_end;          ///< LEFT or RIGHT
};

} // namespace wheelwork
