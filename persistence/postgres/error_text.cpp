#include "persistence/postgres/error_text.hpp"

#include <array>
#include <utility>

namespace wheelwork::postgres {

namespace {

using remedy = std::pair<std::string_view, const char*>;

// At connect libpq tells no SQLSTATE, only words.
constexpr std::array remedies_by_words{
    remedy{"password authentication failed", "the user or its password is wrong: correct them in database.url"},
    remedy{"no password supplied", "the server wants a password: write postgres://USER:PASSWORD@… in database.url"},
    remedy{"no pg_hba.conf entry", "the server lets this user not in from this host: add a line to its pg_hba.conf, or "
                                   "add sslmode=require to database.url if the line asks for TLS"},
    remedy{"certificate verify failed", "the server's certificate is not signed by the authority that sslrootcert in "
                                        "database.url names: name the file of the right one"},
    remedy{"root certificate file", "sslrootcert in database.url must name a file with the certificates of the "
                                    "authorities to trust"},
    remedy{"does not match host name", "the server's certificate is for another host: write the name in database.url "
                                       "that the certificate has"},
    remedy{"server does not support SSL", "the server has no TLS: set ssl = on there, or take sslmode out of "
                                          "database.url"},
    remedy{"SSL", "no agreement about TLS: look at sslmode and sslrootcert in database.url"},
    remedy{"too many clients", "the server has no connection left: raise its max_connections, or end others"},
    remedy{"remaining connection slots", "the server has no connection left: raise its max_connections, or end others"},
    remedy{"the database system is", "the server is starting, stopping or recovering: it will take connections soon"},
    remedy{"could not translate host name", "the host of database.url is not known: correct it, or look at the DNS"},
    remedy{"no answer within", "the server does not answer: look whether it hangs or the network is down"},
    remedy{"timeout expired", "the server does not answer: look whether it runs and a firewall lets this host through"},
    remedy{"Connection refused", "no server listens there: start it, or correct host and port in database.url"},
    remedy{"No such file or directory", "no server listens there: start it, or correct the host in database.url"},
};

// By SQLSTATE, or by its class of two characters.
constexpr std::array remedies_by_state{
    remedy{"42501", "the database user lacks a right: grant it `usage, create on schema`, or let it own the tables"},
    remedy{"25006", "the server is read-only (a standby, or after a fail-over): name the primary in database.url, or "
                    "add target_session_attrs=read-write"},
    remedy{"42P01", "a table is missing: look whether database.table_prefix is right and run `wheelwork migrate`"},
    remedy{"53100", "the disk of the database is full: free some space, writing goes on by itself"},
    remedy{"55P03", "another transaction holds what is needed: end it (`select * from pg_stat_activity`)"},
    remedy{"57014", "a time limit of the server or of this user ended the statement: raise its statement_timeout, or "
                    "look what it waited for (`select * from pg_locks where not granted`)"},
    remedy{"57", "the server is being stopped or was told to end this session: it goes on by itself afterwards"},
    remedy{"53", "the server is out of memory, connections or space: look into its log"},
    remedy{"08", "the connection was lost: it is opened again by itself"},
    remedy{"XX", "the database is damaged or met a defect: look into its log, check its tables"},
    remedy{"0A", nullptr},
};

const char* remedy_for(const failure& error) {
  const std::string_view words = error.what();
  if (error.is_class("08"))
    for (const auto& [part, text] : remedies_by_words)
      if (words.find(part) != std::string_view::npos) return text;
  if (error.is_class("08") && words.find("database \"") != std::string_view::npos &&
      words.find("does not exist") != std::string_view::npos)
    return "the database is missing: create it (`createdb NAME`), or correct the name in database.url";
  if (error.is_class("08") && words.find("permission denied for database") != std::string_view::npos)
    return "the user may not connect to the database: `grant connect on database NAME to USER`";
  for (const auto& [state, text] : remedies_by_state)
    if (error.sqlstate().starts_with(state)) return text;
  return nullptr;
}

std::string describe(const failure& error, const std::string& shown) {
  if (const char* known = remedy_for(error)) return shown + ": " + known + " (" + error.what() + ")";
  return shown + ": " + error.what();
}

} // namespace

journal_error to_journal_error(const failure& error, const std::string& shown) {
  // 42501 and 42P01: a hand that repairs rights or a restored table lets it go on.
  for (const char* passing : {"08", "53", "57", "58", "40", "55", "25006", "25P03", "42501", "28", "3D"})
    if (error.is_class(passing)) return {journal_errc::unavailable, describe(error, shown)};
  return {journal_errc::broken, describe(error, shown)};
}

std::string open_error_text(const failure& error, const std::string& shown) { return describe(error, shown); }

bool needs_reopening(const failure& error) {
  for (const char* state : {"08", "57", "XX", "25"})
    if (error.is_class(state)) return true;
  return false;
}

bool worth_reconnecting(const failure& error) { return needs_reopening(error) && !error.is(no_answer); }

bool worth_repeating(const failure& error) { return error.is_class("40") && !error.is("40003"); }

} // namespace wheelwork::postgres
