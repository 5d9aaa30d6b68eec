#include "persistence/mysql/delay_queue_reader.hpp"

#include "persistence/mysql/connection.hpp"
#include "persistence/mysql/sql_delay_queue.hpp"
#include "persistence/table_prefix.hpp"

namespace wheelwork::mysql {

namespace {

constexpr milliseconds patience{30'000}; ///< the table has no index on state
constexpr unsigned no_such_table = 1146, no_such_column = 1054;

delay_queue_row decode(const stored_row& row, int64_t url_width, int64_t param_width) {
  delay_queue_row one;
  one.id = row.integer(0);
  one.queue_index = row.text(1);
  one.queue_slot = row.integer(2);
  one.cycle_num = row.integer(3);
  one.retry_num = row.integer(4);
  one.dateline = row.integer(5);
  one.add_time = row.integer(6);
  one.notify_url = row.text(7);
  one.request_method = row.text(8);
  one.notify_param = row.text(9);
  one.state = row.integer(10);
  one.url_fills_column = url_width > 0 && row.integer(11) >= url_width;
  one.param_fills_column = param_width > 0 && row.integer(12) >= param_width;
  return one;
}

} // namespace

struct delay_queue_reader::state {
  connection_settings settings;
  std::unique_ptr<connection> database;
  int64_t url_width = 0, param_width = 0;
};

delay_queue_reader::delay_queue_reader(std::unique_ptr<state> opened) : state_{std::move(opened)} {}
delay_queue_reader::delay_queue_reader(delay_queue_reader&&) noexcept = default;
delay_queue_reader& delay_queue_reader::operator=(delay_queue_reader&&) noexcept = default;
delay_queue_reader::~delay_queue_reader() = default;

const std::string& delay_queue_reader::shown() const { return state_->settings.shown; }

std::string delay_queue_reader::table() const {
  return state_->settings.target.database + "." + state_->settings.table_prefix + "task";
}

auto delay_queue_reader::open(const std::string& url, const std::string& table_prefix)
    -> result<delay_queue_reader, std::string> {
  if (!is_table_prefix(table_prefix))
    return wheelwork::failure("the table prefix `" + table_prefix + "` must be of letters, digits and _");
  auto target = read_url(url);
  if (!target) return wheelwork::failure(target.error());
  auto opened = std::make_unique<state>();
  opened->settings.shown = target->shown;
  opened->settings.target = std::move(*target);
  opened->settings.table_prefix = table_prefix;
  opened->settings.writes = false;
  opened->settings.foreign = true;
  opened->settings.call_timeout = patience;
  try {
    opened->database = std::make_unique<connection>(opened->settings);
    auto widths = opened->database->query(sql::delay_queue_widths);
    if (widths.next()) {
      opened->url_width = widths->integer(0);
      opened->param_width = widths->integer(1);
    }
  } catch (const mysql::failure& error) {
    return wheelwork::failure(opened->settings.shown + ": " + error.what());
  }
  return delay_queue_reader{std::move(opened)};
}

auto delay_queue_reader::rows_after(int64_t id, size_t limit) -> result<std::vector<delay_queue_row>, std::string> {
  try {
    std::vector<delay_queue_row> found;
    for (auto all = state_->database->query(sql::delay_queue_tasks, id, limit); all.next();)
      found.push_back(decode(all.row(), state_->url_width, state_->param_width));
    return found;
  } catch (const mysql::failure& error) {
    std::string text = shown() + ": " + error.what();
    if (error.number() == no_such_table)
      text += "; is this the service's database, and `" + state_->settings.table_prefix + "` its prefix?";
    if (error.number() == no_such_column) text += "; " + table() + " is not a table of that service";
    return wheelwork::failure(std::move(text));
  }
}

} // namespace wheelwork::mysql
