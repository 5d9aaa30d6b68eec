#include "config/reference.hpp"

#include "config/connection_tables.hpp"
#include "config/option_table.hpp"
#include "config/value_text.hpp"
#include "schedule/time_text.hpp"

namespace wheelwork {
namespace {

constexpr std::string_view page_head = R"(# Configuration

<!-- Written from the table of options (config/option_table.cpp) by `wheelwork config reference`; don't edit by hand. -->

`wheelwork serve` reads the TOML file named by `--config FILE`, else `./wheelwork.toml` if there is one. Without a file the
defaults run a complete node. `wheelwork config check FILE` reads a file like `serve` does and names every fault at once, each as
`FILE:LINE: key: what is wrong, what would be right`. [examples/wheelwork.toml](../examples/wheelwork.toml) shows every option.

## Layers

Later ones win:

1. the defaults below,
2. the file,
3. its table `[env.NAME]`, where NAME is `--env NAME`, else the variable `WHEELWORK_ENV`, else `dev`:
   `[env.release.log]` lays its keys over `[log]`. Arrays, and so `[[task]]`, `[[pool]]` and `[[api.tokens]]`, are replaced as a whole,
4. environment variables `WHEELWORK_SECTION__KEY`, such as `WHEELWORK_HTTP_TARGET__PER_HOST=20`; arrays as TOML or with commas,
5. `--set section.key=value`, in the order given.

## Values

- **duration**: whole numbers with units, largest first: `"250ms"`, `"30s"`, `"1h30m"`, `"7d"`.
- **size**: a whole number with `B`, `KiB`, `MiB`, `GiB` or `TiB`: `"4MiB"`.
- **secret**: may be `"file:PATH"`; the content of the file counts, without the newline at its end.
- `${NAME}` in a string of the file or of `--set` is the environment variable NAME, which must be set; `$${` stands for `${`.
  In tasks and pools `${env:NAME}` is left alone: the executor fills it into headers and environments of targets at run time, and it is
  never stored.
- Relative paths count from the working directory.

Options marked **reload** change when the node gets SIGHUP, as do `[[api.tokens]]`, `[[task]]` and `[[pool]]`; the others need a restart.
)";

constexpr std::string_view connections_head = R"(
## `[redis.NAME]`, `[kafka.NAME]`

Connections that pools and targets name. NAME is up to 64 letters, digits, `_` and `-`. They need a restart. As environment variable
or on the command line: `WHEELWORK_REDIS__NAME__URL`, `--set redis.NAME.url=…`. What wheelwork sets itself in librdkafka
(`group.id`, `enable.auto.commit`, `enable.auto.offset.store`, `enable.idempotence`) is refused in `options`.

| section | key | type | meaning |
|---|---|---|---|
)";

constexpr std::string_view page_tail = R"(
## `[[task]]`

Tasks may stand in the file, in the shape of the API (`PUT /tasks/{name}`):

```toml
[[task]]
name = "nightly-report"
schedule = {cron = "30 2 * * *", time_zone = "Europe/Berlin"}
target.http = {url = "https://example.org/report", headers = {X-Token = "${env:REPORT_TOKEN}"}}
retry = {limit = 6, delays = ["5s", "15s", "30s", "3m", "1h", "2h"]}
```

## `[[pool]]`

So may consumer pools (`PUT /pools/{name}`). Their connections must stand in the file, too:

```toml
[redis.main]
url = "redis://127.0.0.1:6379/0"

[[pool]]
name = "orders"
source.redis_list = {connection = "main", key = "orders"}
target.http = {url = "https://example.org/order"}
min = 2
max = 10
policy.drain = {within = "30s"}
```
)";

constexpr std::string_view example_head =
    R"(# Every option of wheelwork at its default; take away the "#" of what you want to change.
# Written by `wheelwork config reference --example`; docs/configuration.md says more.
)";

constexpr std::string_view example_tokens = R"(
# Who may use the API. Needed when it listens on anything but loopback.
# [[api.tokens]]
# name = "ci"
# secret = "file:/etc/wheelwork/ci.token"
# role = "operator" # or admin, viewer
)";

constexpr std::string_view example_tail = R"(
# Laid over the rest with --env release:
# [env.release.log]
# format = "json"

# Tasks may stand here too, in the shape of the API:
# [[task]]
# name = "nightly-report"
# schedule = {cron = "30 2 * * *", time_zone = "Europe/Berlin"}
# target.http = {url = "https://example.org/report"}

# So may consumer pools:
# [[pool]]
# name = "orders"
# source.redis_list = {connection = "main", key = "orders"}
# target.http = {url = "https://example.org/order"}
# min = 2
# max = 10
# policy.drain = {within = "30s"}
)";

std::string cell(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string default_of(const option& which) {
  return which.default_note.empty() ? "`" + toml_text(which, settings{}) + "`" : std::string{which.default_note};
}

/// What values are allowed, in words.
std::string values_of(const option& which) {
  auto bound = [&](int64_t number) {
    if (which.kind == option_kind::duration) return format_duration(milliseconds{number});
    if (which.kind == option_kind::size) return format_size(static_cast<uint64_t>(number));
    return std::to_string(number);
  };
  if (which.most != 0) return ", " + bound(which.least) + " to " + bound(which.most);
  std::string choices;
  for (auto choice : which.choices) choices += (choices.empty() ? ": `" : ", `") + std::string{choice} + "`";
  return choices;
}

std::string row(const option& which) {
  return "| `" + std::string{which.key} + "` | " + cell(std::string{type_of(which)} + values_of(which)) + " | " +
         cell(default_of(which)) + " | " + cell(std::string{which.sentence}) + (which.reloads ? " **reload**" : "") +
         " |\n";
}

std::string tokens_part() {
  std::string part =
      "\n## `[[api.tokens]]`\n\nOne table for each client. Without any, the API listens on loopback only and asks "
      "for none.\n\n| key | meaning |\n|---|---|\n";
  for (const auto& each : token_options())
    part += "| `" + std::string{each.key} + "` | " + cell(std::string{each.sentence}) + " |\n";
  return part;
}

std::string connections_part() {
  std::string part{connections_head};
  for (const auto& each : connection_options())
    part += "| `[" + std::string{each.section} + ".NAME]` | `" + std::string{each.key} + "` | " +
            cell(std::string{each.type}) + " | " + cell(std::string{each.sentence}) + " |\n";
  return part;
}

std::string connections_example() {
  std::string part = "\n# Connections that pools and targets name; the names are yours:\n";
  std::string_view section;
  for (const auto& each : connection_options()) {
    if (each.section != section) part += "# [" + std::string{each.section} + ".main]\n";
    section = each.section;
    part += "# " + std::string{each.key} + " = " + std::string{each.example} + "\n";
  }
  return part;
}

} // namespace

std::string configuration_page() {
  std::string page{page_head};
  for (const auto& each : all_sections()) {
    page += "\n## `[" + std::string{each.section} + "]`\n\n" + std::string{each.sentence} +
            "\n\n| key | type | default | meaning |\n|---|---|---|---|\n";
    for (const auto& which : all_options())
      if (which.section == each.section) page += row(which);
    if (each.section == "api") page += tokens_part();
  }
  return page + connections_part() + std::string{page_tail};
}

std::string example_file() {
  std::string file{example_head};
  for (const auto& each : all_sections()) {
    file += "\n# " + std::string{each.sentence} + "\n[" + std::string{each.section} + "]\n";
    for (const auto& which : all_options()) {
      if (which.section != each.section) continue;
      auto value = which.default_note.empty() ? toml_text(which, settings{}) : "\"my-" + std::string{which.key} + "\"";
      file += "#" + std::string{which.key} + " = " + value + " # " + std::string{which.sentence} +
              (which.default_note.empty() ? "" : " Default: " + std::string{which.default_note} + ".") + "\n";
    }
    if (each.section == "api") file += example_tokens;
  }
  return file + connections_example() + std::string{example_tail};
}

} // namespace wheelwork
