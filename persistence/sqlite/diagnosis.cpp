#include "persistence/sqlite/diagnosis.hpp"

#include "persistence/rows.hpp"
#include "persistence/sqlite/connection.hpp"
#include "persistence/sqlite/diagnosis_rules.hpp"
#include "persistence/sqlite/error_text.hpp"
#include "persistence/sqlite/file_system.hpp"
#include "persistence/sqlite/migrations.hpp"
#include "persistence/sqlite/sql_diagnosis.hpp"
#include "persistence/table_prefix.hpp"

#include <sqlite3.h>

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace wheelwork::sqlite {

namespace {

namespace fs = std::filesystem;

uint64_t size_of(const std::string& path) {
  std::error_code none;
  const auto size = fs::file_size(path, none);
  return none ? 0 : static_cast<uint64_t>(size);
}

/// Who holds the lock file, told without touching the lock: to try it would be in the way of a node that starts.
std::optional<lease_holder> holder_of_lock(const std::string& database) {
  const std::string path = database + ".lock";
  std::ifstream file{path};
  std::string text;
  std::getline(file, text);
  struct stat about {};
  const auto named = read_lock_text(text);
  if (!named || ::stat(path.c_str(), &about) != 0) return std::nullopt;
  std::ifstream locks{"/proc/locks"};
  for (std::string line; std::getline(locks, line);)
    if (is_lock_of(line, major(about.st_dev), minor(about.st_dev), about.st_ino, named->first))
      return lease_holder{named->second, 0, std::nullopt};
  return std::nullopt;
}

class examination {
public:
  examination(std::string path, const journal_options& options, const diagnosis_limits& limits)
      : path_{std::move(path)}, options_{options}, limits_{limits}, holder_{holder_of_lock(path_)} {}

  std::vector<finding> run() {
    add({"library", severity::ok, std::string{"SQLite "} + sqlite3_libversion(), ""});
    look_at_place();
    if (!fs::exists(path_)) {
      add({"tables", severity::note, path_ + " does not exist yet", "the first start of a node makes it"});
      return std::move(findings_);
    }
    connection database{{.path = path_, .table_prefix = options_.table_prefix, .read_only = true, .faults = nullptr}};
    look_at_file(database);
    const migration_status status = read_migration_status(database);
    add(judge_tables(status));
    if (status.version > 0) look_at_jobs(database);
    return std::move(findings_);
  }

private:
  void add(finding one) { findings_.push_back(std::move(one)); }

  void look_at_place() {
    const fs::path folder = nearest_folder();
    struct statfs about {};
    if (::statfs(folder.c_str(), &about) == 0) add(judge_file_system(folder.string(), about.f_type));
    if (::access(folder.c_str(), W_OK) != 0 || (fs::exists(path_) && ::access(path_.c_str(), W_OK) != 0))
      add({"rights", severity::error, path_ + " or its folder can't be written by this user",
           "give the user of the node the right to write both; look at it as that user"});
    struct statvfs space {};
    if (::statvfs(folder.c_str(), &space) == 0)
      add(judge_free_space(folder.string(), static_cast<uint64_t>(space.f_bavail) * space.f_frsize,
                           size_of(path_) + size_of(path_ + "-wal"), limits_));
  }

  /// The folder of the database, or the one above it in which it would be made.
  fs::path nearest_folder() const {
    fs::path folder = fs::path{path_}.parent_path();
    std::error_code none;
    while (!fs::exists(folder, none) && folder.has_relative_path()) folder = folder.parent_path();
    return folder;
  }

  void look_at_file(connection& database) {
    const auto pragma = [&](const char* text) {
      const auto rows = database.prepare(text);
      return rows->step() ? std::string{rows->text(0)} : std::string{};
    };
    add(judge_journal_mode(pragma("pragma journal_mode")));
    // A setting of each connection, not of the file: asked of this one as a node sets it.
    database.execute("pragma synchronous = 2");
    const std::string synchronous = pragma("pragma synchronous");
    add(synchronous == "2" ? finding{"synchronous", severity::ok, "FULL, which each connection of a node sets", ""}
                           : finding{"synchronous", severity::error, "FULL is not taken: it is " + synchronous,
                                     "this SQLite library can't keep what it accepted: use that of the system"});
    add(judge_write_ahead_log(size_of(path_ + "-wal"), limits_));
    const auto number = [&](const char* text) { return static_cast<uint64_t>(std::stoull("0" + pragma(text))); };
    add(judge_pages({number("pragma page_count"), number("pragma freelist_count"), number("pragma page_size")},
                    limits_));
  }

  void look_at_jobs(connection& database) {
    snapshot all{database};
    if (auto last = database.query(sql::last_owner); last.next()) {
      if (!holder_)
        add(judge_lease(
            lease_holder{std::string{last->text(0)}, static_cast<uint64_t>(last->integer(1)), milliseconds{0}}));
      else
        holder_->incarnation = static_cast<uint64_t>(last->integer(1));
    } else if (!holder_) {
      add(judge_lease(std::nullopt));
    }
    if (holder_) add(judge_lease(holder_));
    const std::optional<std::string> alive = holder_ ? std::optional{holder_->node} : std::nullopt;
    auto found = database.query(sql::running_jobs, alive);
    found.next();
    running_rows running;
    running.all = static_cast<uint64_t>(found->integer(0));
    running.without_owner = static_cast<uint64_t>(found->integer(1));
    if (running.without_owner > 0)
      running.oldest = std::max(milliseconds{0}, options_.clock->wall_now() - to_time(found->integer(2)));
    add(judge_running(running, holder_.has_value()));
  }

  std::string path_;
  const journal_options& options_;
  const diagnosis_limits& limits_;
  std::optional<lease_holder> holder_;
  std::vector<finding> findings_;
};

} // namespace

result<std::vector<finding>, std::string> diagnose_sqlite(const journal_options& options,
                                                          const diagnosis_limits& limits) {
  if (!is_table_prefix(options.table_prefix))
    return wheelwork::failure("the table prefix `" + options.table_prefix +
                              "` is not usable: letters, digits and _, at most 32, not a digit first");
  const auto place = place_of_database(options.url, false);
  if (!place) return wheelwork::failure(place.error());
  try {
    return examination{*place, options, limits}.run();
  } catch (const failure& error) {
    return wheelwork::failure(open_error_text(error, *place));
  } catch (const std::exception& error) {
    return wheelwork::failure("the database " + *place + " can't be looked at: " + error.what());
  }
}

} // namespace wheelwork::sqlite
