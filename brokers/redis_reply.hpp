// What a Redis server answered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct redisReply; // of hiredis

namespace wheelwork {

/// Looks at an answer or a part of one, which must outlive it. Binary safe.
class redis_value {
public:
  explicit redis_value(const redisReply* of = nullptr) : of_{of} {}

  bool is_nil() const;
  bool is_error() const;
  bool is_array() const;
  bool is_number() const;
  /// Of a string, status or error; empty for all else.
  std::string_view text() const;
  std::string string() const { return std::string{text()}; }
  /// Of a number, or of a string that is one; else zero.
  int64_t integer() const;
  /// Of an array; else zero.
  size_t size() const;
  /// Nil past the end.
  redis_value operator[](size_t position) const;
  /// Of an array of names and values (XINFO and the like): the value of this name. Nil: there is none.
  redis_value named(std::string_view name) const;

private:
  const redisReply* of_;
};

/// Owns an answer.
class redis_reply : public redis_value {
public:
  explicit redis_reply(redisReply* owned);

private:
  struct release {
    void operator()(redisReply* owned) const;
  };
  std::unique_ptr<redisReply, release> owned_;
};

} // namespace wheelwork
