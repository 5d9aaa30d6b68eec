// What a node knows of a database that it took, and the checks that all databases share when they are opened.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/sql/shard_takeover.hpp"

#include <algorithm>
#include <stdexcept>

namespace wheelwork {

struct registration {
  uint16_t writers = 1;
  node_record self;
  std::array<uint8_t, 16> secret{};
  uint16_t shards = 0;
  std::shared_ptr<shard_takeovers> takeovers = std::make_shared<shard_takeovers>();
};

/// What is wrong with the options, in words for the user; empty: nothing.
std::string fault_of(const journal_options& options);

/// Random bytes that a database gets with its first tables. Throws std::runtime_error.
std::array<char, 16> new_secret();

/// The row of ww_database into the registration. Throws std::runtime_error with words for the user.
template <class Rows>
void read_database_row(Rows found, uint16_t shards_wanted, registration& into) {
  if (!found.next() || found->bytes(0).size() != into.secret.size())
    throw std::runtime_error{"its row of the table database is missing"};
  const std::string_view secret = found->bytes(0);
  std::copy(secret.begin(), secret.end(), into.secret.begin());
  into.shards = static_cast<uint16_t>(found->integer(1));
  if (into.shards != shards_wanted)
    throw std::runtime_error{"it was made with " + std::to_string(into.shards) +
                             " shards, and that number is fixed: set cluster.shards = " + std::to_string(into.shards) +
                             " (it is " + std::to_string(shards_wanted) + ")"};
}

/// What the last owner left, one row for each shard in their order.
template <class Rows>
void read_takeovers(Rows shards, shard_takeovers& into) {
  into.clear();
  while (shards.next()) {
    const bool released = shards->integer(1) != 0;
    into.push_back({released, released ? wall_time{} : wall_time{milliseconds{shards->integer(2)}}});
  }
}

} // namespace wheelwork
