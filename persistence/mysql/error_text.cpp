#include "persistence/mysql/error_text.hpp"

#include <algorithm>
#include <array>

namespace wheelwork::mysql {

namespace {

enum class meaning { lost, away, busy, rule, defect };

struct known_error {
  unsigned number;
  meaning kind;
  const char* remedy; ///< null: the server's words say enough
};

constexpr char not_listening[] = "no server listens there: start it, or correct host and port in database.url";
constexpr char connection_lost[] = "the connection was lost: it is opened again by itself";
constexpr char wrong_password[] = "the user or its password is wrong: correct them in database.url";
constexpr char lacks_right[] = "the database user lacks a right: `grant all on DATABASE.* to USER`";
constexpr char no_connection_left[] = "the server has no connection left: raise its max_connections, or end others";
constexpr char read_only[] =
    "the server is read-only (a replica, or after a fail-over): name the primary in database.url";
constexpr char disk_full[] = "the disk of the database is full: free some space, writing goes on by itself";
constexpr char stopping[] =
    "the server is being stopped or was told to end this session: it goes on by itself afterwards";
constexpr char in_the_way[] = "another transaction holds what is needed: end it (`show processlist`, `kill NUMBER`)";
constexpr char no_tls[] = "no agreement about TLS: look at ssl-mode and ssl-ca in database.url";

constexpr std::array known_errors{
    known_error{2002, meaning::lost, not_listening},
    known_error{2003, meaning::lost, not_listening},
    known_error{2005, meaning::lost, "the host of database.url is not known: correct it, or look at the DNS"},
    known_error{2006, meaning::lost, connection_lost},
    known_error{2012, meaning::lost, connection_lost},
    known_error{error_number::lost, meaning::lost, connection_lost},
    known_error{error_number::no_tls, meaning::lost, no_tls},
    known_error{2055, meaning::lost, connection_lost},
    known_error{error_number::no_answer, meaning::lost,
                "the server does not answer: look whether it hangs or the network is down"},
    known_error{1927, meaning::lost, stopping},
    known_error{1053, meaning::lost, stopping},
    known_error{1077, meaning::lost, stopping},
    known_error{3169, meaning::lost, stopping},
    known_error{4031, meaning::lost, stopping},
    known_error{1152, meaning::lost, connection_lost},
    known_error{1158, meaning::lost, connection_lost},
    known_error{1159, meaning::lost, connection_lost},
    known_error{1160, meaning::lost, connection_lost},
    known_error{1161, meaning::lost, connection_lost},
    known_error{1290, meaning::lost, read_only},
    known_error{1836, meaning::lost, read_only},
    known_error{1792, meaning::lost, read_only},
    known_error{1045, meaning::away, wrong_password},
    known_error{1698, meaning::away, wrong_password},
    known_error{1251, meaning::away, wrong_password},
    known_error{1049, meaning::away,
                "the database is missing: create it (`create database NAME`), or correct the name in database.url"},
    known_error{1044, meaning::away, lacks_right},
    known_error{1142, meaning::away, lacks_right},
    known_error{1143, meaning::away, lacks_right},
    known_error{1227, meaning::away, lacks_right},
    known_error{1370, meaning::away, lacks_right},
    known_error{1130, meaning::away, "the server lets nobody in from this host: create the user for this host, too"},
    known_error{1146, meaning::away,
                "a table is missing: look whether database.table_prefix is right and run `wheelwork migrate`"},
    known_error{1040, meaning::away, no_connection_left},
    known_error{1203, meaning::away, no_connection_left},
    known_error{1226, meaning::away, no_connection_left},
    known_error{1021, meaning::away, disk_full},
    known_error{1114, meaning::away, disk_full},
    known_error{1030, meaning::away, "the server's storage has a fault, perhaps a full disk: look into its log"},
    known_error{1037, meaning::away, "the server is out of memory: look into its log"},
    known_error{1038, meaning::away, "the server is out of memory: look into its log"},
    known_error{1041, meaning::away, "the server is out of memory: look into its log"},
    known_error{1317, meaning::away, stopping},
    known_error{1969, meaning::away, "the server's limit for the time of a statement was reached: raise it"},
    known_error{3024, meaning::away, "the server's limit for the time of a statement was reached: raise it"},
    known_error{1047, meaning::away, "this server of a cluster is not ready: look into its log"},
    known_error{1665, meaning::away, "the binary log must hold rows: set binlog_format = ROW or MIXED"},
    known_error{error_number::lock_timeout, meaning::busy, in_the_way},
    known_error{error_number::deadlock, meaning::busy, in_the_way},
    known_error{1020, meaning::busy, in_the_way},
    known_error{1300, meaning::rule, nullptr},
    known_error{1366, meaning::rule, nullptr},
    known_error{error_number::packet_too_large, meaning::rule, nullptr},
};

const known_error* find(const failure& error) {
  const auto found = std::find_if(known_errors.begin(), known_errors.end(),
                                  [&](const known_error& any) { return any.number == error.number(); });
  return found == known_errors.end() ? nullptr : &*found;
}

meaning meaning_of(const failure& error) {
  if (const known_error* known = find(error)) return known->kind;
  // Data that does not fit, and rules of the tables.
  if (error.sqlstate().starts_with("22") || error.sqlstate().starts_with("23")) return meaning::rule;
  return meaning::defect;
}

std::string describe(const failure& error, const std::string& shown) {
  if (const known_error* known = find(error); known && known->remedy)
    return shown + ": " + known->remedy + " (" + error.what() + ")";
  return shown + ": " + error.what();
}

} // namespace

journal_error to_journal_error(const failure& error, const std::string& shown) {
  const meaning kind = meaning_of(error);
  const bool passing = kind == meaning::lost || kind == meaning::away || kind == meaning::busy;
  return {passing ? journal_errc::unavailable : journal_errc::broken, describe(error, shown)};
}

std::string open_error_text(const failure& error, const std::string& shown) { return describe(error, shown); }

bool needs_reopening(const failure& error) { return meaning_of(error) == meaning::lost; }

bool worth_reconnecting(const failure& error) {
  return needs_reopening(error) && error.number() != error_number::no_answer;
}

bool worth_repeating(const failure& error) { return meaning_of(error) == meaning::busy; }

bool breaks_a_rule(const failure& error) { return meaning_of(error) == meaning::rule; }

} // namespace wheelwork::mysql
