// What an error of MySQL means for the journal, in words that name the fix.
#pragma once

#include "messages/journal_change.hpp"
#include "persistence/mysql/connection.hpp"

namespace wheelwork::mysql {

/// Whether the trouble may go by itself or by a hand that frees space or changes rights: then the code is
/// `unavailable`, else `broken`. `shown`: the database without its password.
journal_error to_journal_error(const failure& error, const std::string& shown);
/// The same for a call that opens the database.
std::string open_error_text(const failure& error, const std::string& shown);
/// The connection is lost or in a state that only opening it again mends.
bool needs_reopening(const failure& error);
/// The same may go at once over a new connection: a server or proxy that was restarted since the last call is back.
bool worth_reconnecting(const failure& error);
/// Another transaction was in the way; the same again may go.
bool worth_repeating(const failure& error);
/// A value does not fit the tables.
bool breaks_a_rule(const failure& error);

/// Runs a reading function and turns what it throws into an error value.
template <class Function>
auto guarded(const std::string& shown, Function&& function) -> result<decltype(function()), journal_error> {
  try {
    return function();
  } catch (const failure& error) {
    return wheelwork::failure(to_journal_error(error, shown));
  } catch (const std::exception& error) {
    return wheelwork::failure(journal_error{journal_errc::broken, shown + ": " + error.what()});
  }
}

} // namespace wheelwork::mysql
