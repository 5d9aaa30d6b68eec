#include "persistence/mysql/server.hpp"

#include "persistence/mysql/url.hpp"

#include <map>

namespace wheelwork::mysql {

namespace {

/// Batch and session of each writer row.
using writer_rows = std::map<int64_t, std::pair<int64_t, int64_t>>;

writer_rows read_writers(connection& database, const char* sql) {
  writer_rows found;
  for (auto all = database.query(sql); all.next();) found[all->integer(0)] = {all->integer(2), all->integer(4)};
  return found;
}

} // namespace

result<connection_settings, std::string> server::settings_for(const std::string& url) {
  const auto place = read_url(url);
  if (!place) return wheelwork::failure(place.error());
  connection_settings settings;
  settings.target = *place;
  settings.shown = place->shown;
  return settings;
}

connection_settings server::for_reading(connection_settings settings) {
  settings.writes = false;
  return settings;
}

// They are those that have changed a writer row and not committed it.
bool server::end_blocking_sessions(connection& database) {
  const writer_rows committed = read_writers(database, sql::committed_writers);
  bool ended = false;
  for (const auto& [writer, seen] : read_writers(database, sql::uncommitted_writers)) {
    const auto before = committed.find(writer);
    if (before != committed.end() && before->second == seen) continue;
    try {
      database.run(sql::end_session, seen.second);
    } catch (const failure& error) {
      if (error.number() != error_number::no_such_session) throw;
    }
    ended = true;
  }
  return ended;
}

} // namespace wheelwork::mysql
