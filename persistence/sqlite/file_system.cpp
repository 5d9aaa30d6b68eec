#include "persistence/sqlite/file_system.hpp"

#include <sys/vfs.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace wheelwork::sqlite {

namespace {

constexpr std::string_view scheme = "sqlite://";

std::string with_cause(const std::string& text, const std::error_code& cause) { return text + ": " + cause.message(); }

} // namespace

std::optional<std::string> network_file_system(long number) {
  // Numbers of statfs(2); those that linux/magic.h lacks are in its manual page.
  switch (static_cast<unsigned long>(number) & 0xffffffffUL) {
  case 0x6969: return "NFS";
  case 0x517B: return "SMB";
  case 0xFF534D42: return "CIFS";
  case 0xFE534D42: return "SMB2";
  case 0x5346414F: return "AFS";
  case 0x73757245: return "Coda";
  case 0x00C36400: return "Ceph";
  case 0x0BD00BD0: return "Lustre";
  case 0x01021997: return "9P";
  case 0x564C: return "NCP";
  case 0x01161970: return "GFS2";
  case 0x7461636F: return "OCFS2";
  default: return std::nullopt;
  }
}

result<std::string, std::string> place_of_database(const std::string& url, bool create_folder) {
  namespace fs = std::filesystem;
  if (!url.starts_with(scheme) || url.size() == scheme.size())
    return wheelwork::failure("the database URL `" + url + "` is not sqlite://PATH");
  std::error_code cause;
  const fs::path named = fs::absolute(fs::path{url.substr(scheme.size())}, cause);
  if (cause) return wheelwork::failure(with_cause("the database path of `" + url + "` can't be used", cause));
  const fs::path folder = named.parent_path();
  if (create_folder && !fs::exists(folder, cause) && !fs::create_directories(folder, cause) && cause)
    return wheelwork::failure(
        with_cause("the folder " + folder.string() + " can't be created for the database", cause) +
        ". Create it or name another one in database.url");
  const fs::path whole = fs::weakly_canonical(named, cause);
  if (cause) return wheelwork::failure(with_cause("the database path " + named.string() + " can't be used", cause));
  if (fs::is_directory(whole, cause))
    return wheelwork::failure(whole.string() + " is a folder: database.url must name a file in it");
  // Under each of its names it would get a write-ahead log and a lock of its own.
  if (fs::is_regular_file(whole, cause) && fs::hard_link_count(whole, cause) > 1 && !cause)
    return wheelwork::failure(whole.string() + " has more than one name (hard links): SQLite would write it under each "
                                               "of them apart, and destroy it. Copy it, or remove the other names");
  struct statfs about {};
  if (::statfs(whole.parent_path().c_str(), &about) == 0) {
    if (const auto network = network_file_system(about.f_type))
      return wheelwork::failure(whole.string() + " lies on a network file system (" + *network +
                                "), where SQLite's locks don't hold: use a local disk, or Postgres or MySQL");
  }
  return whole.string();
}

} // namespace wheelwork::sqlite
