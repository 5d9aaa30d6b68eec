// Every kind of mistake in a file: where it is, what is wrong, what would be right.
#include "tests/config/config_folder.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using faults_test = config_folder;

TEST_F(faults_test, all_at_once_in_the_order_of_the_file) {
  EXPECT_THAT(
      faults_of("[wheel]\n"
                "slots = \"sixty\"\n"
                "horizn = \"120s\"\n"
                "\n"
                "[loog]\n"
                "level = \"info\"\n"
                "[log]\n"
                "level = \"loud\"\n"
                "per_host = 3\n"
                "[api]\n"
                "max_body = 4\n"
                "header_timeout = 10\n"
                "listen = 7373\n"
                "hosts = \"a\"\n"
                "[database]\n"
                "migrate = \"yes\"\n"
                "writers = 1.5\n"),
      ElementsAre("wheelwork.toml:2: wheel.slots: is a string, must be an integer from 1 to 10000",
                  "wheelwork.toml:3: wheel.horizn: unknown key in [wheel]; did you mean \"horizon\"?",
                  "wheelwork.toml:5: loog: unknown section; did you mean \"log\"?",
                  StartsWith("wheelwork.toml:8: log.level: \"loud\" is unknown; write \"trace\","),
                  "wheelwork.toml:9: log.per_host: unknown key in [log]; there is http_target.per_host",
                  "wheelwork.toml:11: api.max_body: is an integer, must be a size in quotes, such as \"4MiB\"",
                  "wheelwork.toml:12: api.header_timeout: is an integer, must be a duration in quotes, such as \"30s\"",
                  "wheelwork.toml:13: api.listen: is an integer, must be a string",
                  "wheelwork.toml:14: api.hosts: is a string, must be an array of strings, such as [\"…\"]",
                  "wheelwork.toml:16: database.migrate: is a string, must be true or false",
                  "wheelwork.toml:17: database.writers: is a number with a fraction, must be an integer from 1 to 64"));
}

TEST_F(faults_test, numbers_out_of_range_and_malformed_texts) {
  EXPECT_THAT(faults_of("[wheel]\nslots = 0\nhorizon = \"2 minutes\"\nmax_hot_bytes = "
                        "\"9999999999TiB\"\n[node]\nshutdown_grace = \"2d\"\n"
                        "roles = [\"api\", \"apx\"]\n[log]\nmax_size = \"-1KiB\"\n"),
              ElementsAre("wheelwork.toml:2: wheel.slots: 0 is out of range, must be 1 to 10000",
                          StartsWith("wheelwork.toml:3: wheel.horizon: \"2 minutes\" is no duration: "),
                          "wheelwork.toml:4: wheel.max_hot_bytes: \"9999999999TiB\" is too large",
                          "wheelwork.toml:6: node.shutdown_grace: \"2d\" is out of range, must be 0s to 24h",
                          StartsWith("wheelwork.toml:7: node.roles: item 2 \"apx\" is unknown; write \"scheduler\", "
                                     "\"executor\" or \"api\"; did you mean \"api\"?"),
                          StartsWith("wheelwork.toml:9: log.max_size: \"-1KiB\" is no size")));
}

TEST_F(faults_test, keys_without_a_section_and_sections_that_are_no_tables) {
  EXPECT_THAT(
      faults_of("listen = \"127.0.0.1:1\"\nwheel = 3\nenv = 4\ntask = 5\n"),
      ElementsAre(
          "wheelwork.toml:1: listen: unknown key outside of any section; it belongs to [api] or [cluster] or "
          "[front.delay_queue]",
          "wheelwork.toml:2: wheel: is an integer, must be a table: [wheel]",
          "wheelwork.toml:3: env: must be tables: [env.NAME.SECTION]",
          "wheelwork.toml:4: task: is an integer, must be an array of tables: write [[task]] with two brackets"));
}

TEST_F(faults_test, syntax_errors_name_their_line) {
  for (const auto& [text, line] :
       {std::pair{"[wheel]\nslots = 1\nslots = 2\n", 3}, std::pair{"[wheel]\nslots\n", 2}, std::pair{"\n\n[wheel\n", 3},
        std::pair{"[wheel]\nslots = 1\n\n[log]\nfile = \"abc\n", 5}, std::pair{"[a]\nx = [1,\n2\n", 3},
        std::pair{"[wheel]\nslots = 1 2\n", 2}, std::pair{"# \xff\n", 1}, std::pair{"a=1\nb='\xc0\xaf'\n", 2}}) {
    auto loaded = load(text);
    ASSERT_FALSE(loaded.has_value()) << text;
    ASSERT_EQ(loaded.error().size(), 1u) << text;
    EXPECT_THAT(loaded.error().front().message, StartsWith("not valid TOML: ")) << text;
    EXPECT_EQ(loaded.error().front().message.find('\n'), std::string::npos) << loaded.error().front().message;
    EXPECT_EQ(loaded.error().front().line, static_cast<size_t>(line)) << text << loaded.error().front().message;
  }
}

TEST_F(faults_test, endless_brackets_are_refused) {
  EXPECT_THAT(faults_of("a = " + std::string(100'000, '[')),
              ElementsAre("wheelwork.toml:1: nested deeper than 200 brackets"));
}

TEST_F(faults_test, windows_line_ends_and_a_byte_order_mark_are_fine) {
  auto loaded = load("\xef\xbb\xbf[wheel]\r\nslots = 3\r\n");
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  EXPECT_EQ(loaded->wheel.slots, 3u);
}

TEST_F(faults_test, an_address_off_loopback_needs_tokens) {
  for (const auto* listen : {"0.0.0.0:7373", "[::]:7373", "192.168.1.1:80", "example.org:7373"})
    EXPECT_THAT(
        faults_of("[api]\nlisten = \"" + std::string{listen} + "\"\n"),
        ElementsAre("wheelwork.toml:2: api.listen: \"" + std::string{listen} +
                    "\" can be reached from other machines; that needs [[api.tokens]], or listen on 127.0.0.1"));
  for (const auto* listen : {"127.0.0.1:0", "127.9.9.9:1", "[::1]:7373", "localhost:65535"})
    EXPECT_TRUE(load("[api]\nlisten = \"" + std::string{listen} + "\"\n").has_value()) << listen;
  EXPECT_TRUE(
      load("[api]\nlisten = \"0.0.0.0:7373\"\ntokens = [{name=\"a\", secret=\"b\", role=\"viewer\"}]\n").has_value());
}

TEST_F(faults_test, malformed_addresses) {
  for (const auto* listen : {"7373", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:7373", "[::1]",
                             "[zz]:1", "http://127.0.0.1:1", "127.0.0.1:80x"})
    EXPECT_THAT(faults_of("[api]\nlisten = \"" + std::string{listen} + "\"\n"),
                ElementsAre(HasSubstr("must be HOST:PORT")))
        << listen;
  EXPECT_THAT(faults_of("[api]\nlisten = \":7373\"\n"), ElementsAre(HasSubstr("names no host")));
}

TEST_F(faults_test, tokens) {
  EXPECT_THAT(
      faults_of("[[api.tokens]]\nname = \"a\"\nsecret = \"one\"\nrole = \"boss\"\n"
                "[[api.tokens]]\nname = \"a\"\nsecret = \"two\"\nrole = \"admin\"\n"
                "[[api.tokens]]\nname = \"\"\nsecret = \"two\"\nrol = \"admin\"\n"),
      ElementsAre(
          "wheelwork.toml:4: api.tokens[0].role: \"boss\" is unknown; write \"admin\", \"operator\" or \"viewer\"",
          "wheelwork.toml:5: api.tokens[1].name: \"a\" is the name of an earlier token, too; names must differ",
          "wheelwork.toml:9: api.tokens[2]: needs a role",
          "wheelwork.toml:9: api.tokens[2].secret: is the secret of token \"a\", too; secrets must differ",
          "wheelwork.toml:10: api.tokens[2].name: must not be empty",
          "wheelwork.toml:12: api.tokens[2].rol: unknown key of a token; it has name, secret and role; did you mean "
          "\"role\"?"));
}

TEST_F(faults_test, a_fault_never_shows_a_secret) {
  auto faults = faults_of("[[api.tokens]]\nname = \"a\"\nsecret = \"hush hush\"\nrole = \"admin\"\n"
                          "[database]\nurl = \"oracle://me:hush@host/db\"\n");
  ASSERT_EQ(faults.size(), 2u);
  for (const auto& fault : faults) EXPECT_THAT(fault, ::testing::Not(HasSubstr("hush")));
}

TEST_F(faults_test, databases) {
  auto fault_of = [&](const std::string& url) { return faults_of("[database]\nurl = \"" + url + "\"\n"); };
  EXPECT_TRUE(load("[database]\nurl = \"sqlite:///var/lib/a b?c.db\"\n").has_value());
  EXPECT_THAT(fault_of("sqlite://"), ElementsAre("wheelwork.toml:2: database.url: needs a path behind sqlite://"));
  EXPECT_THAT(fault_of("memory://"), ElementsAre(HasSubstr("for tests only")));
  for (const char* good : {"postgres://u:p@h/db", "postgresql://h/db?sslmode=require", "postgres://u@/db?host=/tmp",
                           "mysql://u:p@h/db", "mariadb://h/db?ssl-mode=required", "mysql://u@/db?socket=/run/a.sock"})
    EXPECT_TRUE(load("[database]\nurl = \"" + std::string{good} + "\"\n").has_value()) << good;
  EXPECT_THAT(fault_of("postgres://u:p@/db"), ElementsAre(HasSubstr("must be postgres://USER:PASSWORD@HOST/DATABASE")));
  EXPECT_THAT(fault_of("postgres://u:p@h/"), ElementsAre(HasSubstr("must be postgres://USER:PASSWORD@HOST/DATABASE")));
  EXPECT_THAT(fault_of("mysql://u:p@/db?host=/tmp"), ElementsAre(HasSubstr("must be mysql://USER")));
  EXPECT_THAT(fault_of("mysql://u:p@h"), ElementsAre(HasSubstr("must be mysql://USER:PASSWORD@HOST/DATABASE")));
  EXPECT_THAT(fault_of("oracle://x"),
              ElementsAre("wheelwork.toml:2: database.url: unknown database \"oracle\"; write sqlite://PATH, "
                          "postgres://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE"));
  EXPECT_THAT(fault_of("wheelwork.db"), ElementsAre(HasSubstr("is no database URL")));
}

TEST_F(faults_test, a_node_with_some_of_the_roles_is_not_built_yet) {
  EXPECT_THAT(faults_of("[node]\nroles = [\"scheduler\", \"api\"]\n"),
              ElementsAre("wheelwork.toml:2: node.roles: nodes with only some of the roles are not built yet; "
                          "remove this key"));
  EXPECT_THAT(faults_of("[node]\nroles = [\"api\", \"executor\", \"scheduler\"]\n"), ElementsAre("no fault"));
}

TEST_F(faults_test, networks_paths_and_prefixes) {
  EXPECT_THAT(
      faults_of("[http_target]\ndeny_networks = [\"10.0.0.0/8\", \"10.0.0.0/33\", \"::1\", "
                "\"nonsense\"]\nallow_networks = [\"fe80::/129\"]\n"
                "[process_target]\nallow = [\"/bin/*\", \"*\", \"bin/true\"]\n[database]\ntable_prefix = "
                "\"a-b\"\n[node]\nname = \"a/b\"\n"),
      ElementsAre("wheelwork.toml:2: http_target.deny_networks: \"10.0.0.0/33\" must have a prefix from /0 to /32",
                  HasSubstr("\"nonsense\" is no network; write"),
                  "wheelwork.toml:3: http_target.allow_networks: \"fe80::/129\" must have a prefix from /0 to /128",
                  HasSubstr("wheelwork.toml:5: process_target.allow: \"bin/true\" must be an absolute path"),
                  HasSubstr("wheelwork.toml:7: database.table_prefix: \"a-b\" must be"),
                  HasSubstr("wheelwork.toml:9: node.name: \"a/b\" must be")));
}

TEST_F(faults_test, what_this_edition_has_not_is_refused_and_not_ignored) {
  EXPECT_THAT(
      faults_of("[cluster]\ntls_ca = \"/x\"\nlisten = \"0.0.0.0:7374\"\n"),
      ElementsAre(HasSubstr("wheelwork.toml:2: cluster.tls_ca: clusters are not built yet"),
                  HasSubstr("wheelwork.toml:3: cluster.listen: \"0.0.0.0:7374\" can be reached from other machines")));
}

} // namespace
} // namespace wheelwork
