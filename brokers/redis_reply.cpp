#include "brokers/redis_reply.hpp"

#include <hiredis/hiredis.h>

#include <charconv>

namespace wheelwork {

void redis_reply::release::operator()(redisReply* owned) const { freeReplyObject(owned); }

redis_reply::redis_reply(redisReply* owned) : redis_value{owned}, owned_{owned} {}

bool redis_value::is_nil() const { return !of_ || of_->type == REDIS_REPLY_NIL; }

bool redis_value::is_error() const { return of_ && of_->type == REDIS_REPLY_ERROR; }

bool redis_value::is_array() const { return of_ && of_->type == REDIS_REPLY_ARRAY; }

bool redis_value::is_number() const { return of_ && of_->type == REDIS_REPLY_INTEGER; }

std::string_view redis_value::text() const {
  if (!of_ || (of_->type != REDIS_REPLY_STRING && of_->type != REDIS_REPLY_STATUS && of_->type != REDIS_REPLY_ERROR))
    return {};
  return {of_->str, of_->len};
}

int64_t redis_value::integer() const {
  if (of_ && of_->type == REDIS_REPLY_INTEGER) return of_->integer;
  int64_t number = 0;
  const auto digits = text();
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

size_t redis_value::size() const { return is_array() ? of_->elements : 0; }

redis_value redis_value::operator[](size_t position) const {
  return redis_value{position < size() ? of_->element[position] : nullptr};
}

redis_value redis_value::named(std::string_view name) const {
  for (size_t each = 0; each + 1 < size(); each += 2)
    if ((*this)[each].text() == name) return (*this)[each + 1];
  return redis_value{};
}

} // namespace wheelwork
