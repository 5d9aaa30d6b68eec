// A value or the reason why there is none, for calls whose callers decide what to do.
#pragma once

#include <tl/expected.hpp>

namespace wheelwork {

template <class Value, class Error>
using result = tl::expected<Value, Error>;

template <class Error>
auto failure(Error&& error) {
  return tl::make_unexpected(std::forward<Error>(error));
}

} // namespace wheelwork
