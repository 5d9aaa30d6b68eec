// Where settings come from, and what lies over what.
#include "config/option_table.hpp"
#include "tests/config/config_folder.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using load_test = config_folder;

TEST_F(load_test, an_empty_file_gives_the_defaults_of_the_contract) {
  auto loaded = load("");
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  EXPECT_EQ(loaded->environment, "dev");
  EXPECT_FALSE(loaded->node.name.empty());
  EXPECT_THAT(loaded->node.roles, ElementsAre("scheduler", "executor", "api"));
  EXPECT_EQ(loaded->node.shutdown_grace, milliseconds{30'000});
  EXPECT_EQ(loaded->database.url, "sqlite://wheelwork-data/wheelwork.db");
  EXPECT_EQ(loaded->database.history_retention, milliseconds{30LL * 86'400'000});
  EXPECT_EQ(loaded->api.listen, "127.0.0.1:7373");
  EXPECT_EQ(loaded->api.max_body, 4u * 1024 * 1024);
  EXPECT_EQ(loaded->wheel.max_hot_bytes, 512u * 1024 * 1024);
  EXPECT_THAT(loaded->http_target.deny_networks, ElementsAre("169.254.0.0/16", "fe80::/10"));
  EXPECT_THAT(loaded->process_target.allow, IsEmpty());
  EXPECT_EQ(loaded->log.level, "info");
}

TEST_F(load_test, without_config_the_file_of_the_working_directory_counts_and_without_that_the_defaults) {
  auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  config_request nothing;
  auto defaults = load_settings(nothing);
  write("wheelwork.toml", "[wheel]\nslots = 7\n");
  auto found = load_settings(nothing);
  std::filesystem::current_path(before);
  ASSERT_TRUE(defaults.has_value());
  EXPECT_EQ(defaults->config_file, "");
  EXPECT_EQ(defaults->wheel.slots, 60u);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->config_file, "./wheelwork.toml");
  EXPECT_EQ(found->wheel.slots, 7u);
}

TEST_F(load_test, a_named_file_that_is_not_there_is_a_fault) {
  config_request asked;
  asked.file = (folder_ / "none.toml").string();
  EXPECT_THAT(faults_of(asked), ElementsAre("none.toml: can't be read: No such file or directory"));
  asked.file = folder_.string();
  auto loaded = load_settings(asked);
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(loaded.error().front().message, HasSubstr("Is a directory"));
}

TEST_F(load_test, every_option_can_be_set_in_the_file_and_reads_back_as_written) {
  // Defaults are legal values, so the file made of them names each option once.
  std::string text;
  std::string_view section;
  for (const auto& each : all_options()) {
    if (each.section != section) text += "[" + std::string{each.section} + "]\n";
    section = each.section;
    auto value = each.default_note.empty() ? toml_text(each, settings{}) : "\"x\"";
    text += std::string{each.key} + " = " + value + "\n";
  }
  auto loaded = load(text);
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  for (const auto& each : all_options()) {
    if (!each.default_note.empty()) continue;
    EXPECT_EQ(toml_text(each, *loaded), toml_text(each, settings{})) << each.name();
  }
}

TEST_F(load_test, layers_win_in_the_order_file_environment_table_variable_set) {
  const std::string text = "[wheel]\nslots = 1\nhorizon = \"10s\"\nmax_hot_jobs = 1001\n[api]\nmax_in_flight = 1\n"
                           "[env.release.wheel]\nslots = 2\nhorizon = \"20s\"\nmax_hot_jobs = 1002\n"
                           "[env.test.wheel]\nslots = 9\n";
  variables_["WHEELWORK_WHEEL__SLOTS"] = "3";
  variables_["WHEELWORK_WHEEL__HORIZON"] = "30s";
  auto asked = request(text);
  asked.environment = "release";
  asked.overrides = {"wheel.slots=4", "wheel.slots=5"};
  auto loaded = load_settings(asked);
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  EXPECT_EQ(loaded->environment, "release");
  EXPECT_EQ(loaded->api.max_in_flight, 1u);               // only the file
  EXPECT_EQ(loaded->wheel.max_hot_jobs, 1002u);           // table over file
  EXPECT_EQ(loaded->wheel.horizon, milliseconds{30'000}); // variable over table
  EXPECT_EQ(loaded->wheel.slots, 5u);                     // the last --set over all
}

TEST_F(load_test, the_variable_names_the_environment_unless_the_command_line_does) {
  const std::string text = "[env.release.wheel]\nslots = 2\n[env.dev.wheel]\nslots = 3\n";
  EXPECT_EQ(load(text)->wheel.slots, 3u);
  variables_["WHEELWORK_ENV"] = "release";
  EXPECT_EQ(load(text)->wheel.slots, 2u);
  auto asked = request(text);
  asked.environment = "dev";
  EXPECT_EQ(load_settings(asked)->wheel.slots, 3u);
}

TEST_F(load_test, all_types_can_be_given_as_text) {
  variables_["WHEELWORK_DATABASE__MIGRATE"] = "false";
  variables_["WHEELWORK_API__HOSTS"] = "a.example.org, b.example.org";
  variables_["WHEELWORK_API__TOKENS"] = R"([{name = "ci", secret = "s3cret", role = "operator"}])";
  variables_["WHEELWORK_LOG__FILE"] = "/tmp/${not expanded}";
  variables_["WHEELWORK_TOKEN"] = "no option";
  auto asked = request("");
  asked.overrides = {R"(process_target.allow=["/bin/a,b", "/bin/c"])", "log.max_size=1GiB",
                     "http_target.allow_networks=", "node.name=a=b"};
  auto loaded = load_settings(asked);
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  EXPECT_FALSE(loaded->database.migrate);
  EXPECT_THAT(loaded->api.hosts, ElementsAre("a.example.org", "b.example.org"));
  ASSERT_EQ(loaded->api.tokens.size(), 1u);
  EXPECT_EQ(loaded->api.tokens[0].role, token_role::operator_role);
  EXPECT_EQ(loaded->log.file, "/tmp/${not expanded}");
  EXPECT_THAT(loaded->process_target.allow, ElementsAre("/bin/a,b", "/bin/c"));
  EXPECT_EQ(loaded->log.max_size, 1u << 30);
  EXPECT_THAT(loaded->http_target.allow_networks, IsEmpty());
  EXPECT_EQ(loaded->node.name, "a=b");
}

TEST_F(load_test, faults_of_the_upper_layers_name_them) {
  variables_["WHEELWORK_WHEEL__SLOT"] = "3";
  variables_["WHEELWORK_API__MAX_BODY"] = "4 MB";
  auto asked = request("");
  asked.overrides = {"wheel.slots=many", "log.level", "nothing.here=1"};
  EXPECT_THAT(
      faults_of(asked),
      ElementsAre("WHEELWORK_WHEEL__SLOT: wheel.slot: unknown key in [wheel]; did you mean \"slots\"?",
                  "--set: log.level: must be section.key=value, such as log.level=debug",
                  HasSubstr("--set: nothing.here: unknown section; there are"),
                  "WHEELWORK_API__MAX_BODY: api.max_body: \"4 MB\" is no size; write a whole number and a unit: "
                  "512B, 64KiB, 4MiB, 2GiB",
                  "--set: wheel.slots: is a string, must be an integer from 1 to 10000"));
}

TEST_F(load_test, variables_are_filled_into_strings) {
  variables_["HOME_DIR"] = "/home/x";
  variables_["ODD"] = "${HOME_DIR}";
  auto loaded = load("[node]\ndata_dir = \"${HOME_DIR}/data\"\n[log]\nfile = \"$${ODD} ${ODD} $ {\"\n"
                     "[process_target]\nallow = [\"${HOME_DIR}/*\"]\n");
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  EXPECT_EQ(loaded->node.data_dir, "/home/x/data");
  EXPECT_EQ(loaded->log.file, "${ODD} ${HOME_DIR} $ {"); // what a variable holds is not filled in again
  EXPECT_THAT(loaded->process_target.allow, ElementsAre("/home/x/*"));
}

TEST_F(load_test, missing_and_malformed_references_are_faults) {
  EXPECT_THAT(
      faults_of("[node]\nname = \"${NOPE}\"\n[log]\nfile = \"${a b}\"\n[api]\nhosts = [\n \"x\",\n \"${env:Y}\"]\n"),
      ElementsAre("wheelwork.toml:2: node.name: the environment variable NOPE is not set",
                  HasSubstr("wheelwork.toml:4: log.file: has \"${\" without the name"),
                  "wheelwork.toml:8: api.hosts[1]: \"${env:Y}\" is for targets of tasks and pools; write \"${Y}\""));
}

TEST_F(load_test, another_environment_needs_no_variables_but_must_be_well_formed) {
  auto asked = request("[env.release.node]\nname = \"${NOPE}\"\n[env.release.wheel]\nslots = \"x\"\nhorizn = \"1s\"\n");
  asked.environment = "dev";
  EXPECT_THAT(
      faults_of(asked),
      ElementsAre("wheelwork.toml:4: env.release.wheel.slots: is a string, must be an integer from 1 to 10000",
                  "wheelwork.toml:5: env.release.wheel.horizn: unknown key in [wheel]; did you mean \"horizon\"?"));
}

TEST_F(load_test, a_value_that_another_layer_hides_must_be_right_all_the_same) {
  auto asked = request("[wheel]\nslots = true\n");
  asked.overrides = {"wheel.slots=3"};
  EXPECT_THAT(faults_of(asked),
              ElementsAre("wheelwork.toml:2: wheel.slots: is a boolean, must be an integer from 1 to 10000"));
}

TEST_F(load_test, secrets_come_from_files_without_the_newline_at_their_end) {
  auto path = write("token", "s3cret\n");
  auto loaded = load("[[api.tokens]]\nname = \"ci\"\nsecret = \"file:" + path +
                     "\"\nrole = \"admin\"\n[http_target]\nsigning_secret = \"file:" + path + "\"\n");
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  EXPECT_EQ(loaded->api.tokens.at(0).secret, "s3cret");
  EXPECT_EQ(loaded->http_target.signing_secret, "s3cret");
}

TEST_F(load_test, a_secret_file_that_is_missing_or_empty_is_a_fault_that_names_it) {
  auto empty = write("empty", "\n");
  auto faults = faults_of("[[api.tokens]]\nname = \"ci\"\nsecret = \"file:/nowhere/token\"\nrole = "
                          "\"admin\"\n[http_target]\nsigning_secret = \"file:" +
                          empty + "\"\n");
  EXPECT_THAT(faults,
              ElementsAre("wheelwork.toml:3: api.tokens[0].secret: the secret file /nowhere/token can't be read: No "
                          "such file or directory",
                          "wheelwork.toml:6: http_target.signing_secret: the secret file " + empty + " is empty"));
}

TEST_F(load_test, only_what_a_reload_can_not_change_needs_a_restart) {
  auto running = load("");
  auto loaded = load("[wheel]\nslots = 3\n[log]\nlevel = \"debug\"\n[http_target]\ndeny_networks = []\nper_host = 3\n"
                     "[process_target]\nallow = [\"/bin/true\"]\n[api]\nhosts = [\"x\"]\n"
                     "[[api.tokens]]\nname = \"ci\"\nsecret = \"s\"\nrole = \"admin\"\n");
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  EXPECT_THAT(needs_restart(*running, *loaded), ElementsAre("wheel.slots", "http_target.per_host"));
  EXPECT_THAT(needs_restart(*running, *running), IsEmpty());
}

} // namespace
} // namespace wheelwork
