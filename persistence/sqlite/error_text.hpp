// What a result code of SQLite means for the journal, in words that name the fix.
#pragma once

#include "messages/journal_change.hpp"
#include "persistence/sqlite/connection.hpp"

namespace wheelwork::sqlite {

/// Whether the trouble may go by itself or by a hand that frees space or changes rights: then the code is
/// `unavailable`, else `broken`.
journal_error to_journal_error(const failure& error, const std::string& path);
/// The same for a call that opens the file.
std::string open_error_text(const failure& error, const std::string& path);
/// The connection may be in a state that only opening it again mends.
bool needs_reopening(const failure& error);

/// Runs a reading or writing function and turns what it throws into an error value.
template <class Function>
auto guarded(const std::string& path, Function&& function) -> result<decltype(function()), journal_error> {
  try {
    if constexpr (std::is_void_v<decltype(function())>) {
      function();
      return {};
    } else {
      return function();
    }
  } catch (const failure& error) {
    return wheelwork::failure(to_journal_error(error, path));
  } catch (const std::exception& error) {
    return wheelwork::failure(journal_error{journal_errc::broken, path + ": " + error.what()});
  }
}

} // namespace wheelwork::sqlite
