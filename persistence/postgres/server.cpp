#include "persistence/postgres/server.hpp"

#include "persistence/postgres/live_table_vacuum.hpp"
#include "persistence/postgres/url.hpp"

namespace wheelwork::postgres {

result<connection_settings, std::string> server::settings_for(const std::string& url) {
  const auto place = read_url(url);
  if (!place) return wheelwork::failure(place.error());
  connection_settings settings;
  settings.target = place->parameters;
  settings.shown = place->shown;
  return settings;
}

connection_settings server::for_writing(connection_settings settings) {
  settings.vacuum = std::make_shared<live_table_vacuum>(settings);
  settings.fixed_plans = true;
  return settings;
}

bool server::end_blocking_sessions(connection& database) {
  auto ended = database.query(sql::end_blocking_sessions, database.with_table_prefix_of("ww_writer"),
                              database.with_table_prefix_of("ww_node"));
  return ended.next() && ended->integer(0) > 0;
}

} // namespace wheelwork::postgres
