#include "sources/redis_list_keys.hpp"

namespace wheelwork {

namespace {

/// All keys in one hash slot: by the hash tag of the source's key, where it has one, else by the key as a tag.
std::string tagged(const std::string& key) {
  const auto open = key.find('{');
  const auto close = open == key.npos ? key.npos : key.find('}', open);
  return close != key.npos && close > open + 1 ? key : "{" + key + "}";
}

} // namespace

redis_list_keys::redis_list_keys(const std::string& pool, const redis_list_source& from, std::string dead_letter)
    : source{from.key}, dead{std::move(dead_letter)}, take_end{from.take == redis_target::list_end::left ? "LEFT"
                                                                                                         : "RIGHT"} {
  const std::string prefix = tagged(source) + ":wheelwork:" + pool;
  consumers = prefix + ":consumers";
  landing = prefix + ":landing";
  own_of = prefix + ":list:";
  batches = prefix + ":batches";
  batch_of = prefix + ":batch:";
  losses = prefix + ":losses";
  if (dead.empty()) dead = source + ":dead";
}

} // namespace wheelwork
