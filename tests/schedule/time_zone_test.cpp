#include "schedule/time_zone.hpp"

#include "schedule/posix_zone_rule.hpp"
#include "schedule/time_text.hpp"
#include "schedule/tz_file.hpp"

#include <date/tz.h>
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

namespace wheelwork {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;
using testing::HasSubstr;

sys_seconds at(std::string_view text) { return std::chrono::floor<seconds>(*parse_time(text)); }

seconds offset_at(std::string_view zone, std::string_view time) {
  return (*find_time_zone(zone))->span_at(at(time)).offset;
}

TEST(time_zone, knows_clock_changes_of_the_past_and_of_the_far_future) {
  EXPECT_EQ(offset_at("Europe/Berlin", "2026-03-29T00:59:59Z"), hours{1});
  EXPECT_EQ(offset_at("Europe/Berlin", "2026-03-29T01:00:00Z"), hours{2});
  // The database lists changes up to 2037; the rule in its footer goes on.
  EXPECT_EQ(offset_at("Europe/Berlin", "2099-03-29T00:59:59Z"), hours{1});
  EXPECT_EQ(offset_at("Europe/Berlin", "2099-03-29T01:00:00Z"), hours{2});
  EXPECT_EQ(offset_at("Europe/Berlin", "9999-07-01T00:00:00Z"), hours{2});
  EXPECT_EQ(offset_at("Europe/Berlin", "9999-12-31T23:59:59Z"), hours{1});
  EXPECT_EQ(offset_at("America/New_York", "2101-03-13T07:00:00Z"), hours{-4});
  EXPECT_EQ(offset_at("Australia/Lord_Howe", "2101-01-01T00:00:00Z"), hours{11});
  EXPECT_EQ(offset_at("Australia/Lord_Howe", "2101-07-01T00:00:00Z"), hours{10} + minutes{30});
  EXPECT_EQ(offset_at("Asia/Shanghai", "1990-07-01T00:00:00Z"), hours{9});
  EXPECT_EQ(offset_at("Asia/Shanghai", "2100-07-01T00:00:00Z"), hours{8});
  EXPECT_EQ(offset_at("Africa/Casablanca", "2026-03-01T12:00:00Z"), hours{0}); // Ramadan
  EXPECT_EQ(offset_at("Africa/Casablanca", "2026-06-01T12:00:00Z"), hours{1});
  EXPECT_EQ(offset_at("Europe/Dublin", "2150-01-01T00:00:00Z"), hours{0}); // its winter time is the "daylight" one
  EXPECT_EQ(offset_at("Europe/Dublin", "2150-07-01T00:00:00Z"), hours{1});
  EXPECT_EQ(offset_at("America/Nuuk", "2150-03-29T00:59:59Z"), hours{-2}); // changes at 22:00 of the day before, local
  EXPECT_EQ(offset_at("America/Nuuk", "2150-03-29T01:00:00Z"), hours{-1});
}

TEST(time_zone, a_span_tells_of_its_neighbours) {
  auto berlin = *find_time_zone("Europe/Berlin");
  for (auto year_text : {"2026", "2060"}) {
    auto summer = berlin->span_at(at(std::string{year_text} + "-07-01T00:00:00Z"));
    EXPECT_EQ(summer.offset, hours{2});
    EXPECT_EQ(summer.offset_before, hours{1});
    EXPECT_EQ(summer.offset_after, hours{1});
    EXPECT_EQ(berlin->span_at(summer.begin).begin, summer.begin);
    EXPECT_EQ(berlin->span_at(summer.begin - seconds{1}).end, summer.begin);
    EXPECT_EQ(berlin->span_at(summer.end).begin, summer.end);
  }
  auto utc = utc_zone()->span_at(at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(utc.begin, time_zone::beginning);
  EXPECT_EQ(utc.end, time_zone::never);
  EXPECT_EQ((*find_time_zone("UTC"))->name(), "UTC");
  EXPECT_EQ(berlin->name(), "Europe/Berlin");
}

TEST(time_zone, spans_follow_each_other_without_gaps_in_every_zone) {
  for (const auto& listed : date::get_tzdb().zones) {
    auto zone = find_time_zone(listed.name());
    if (!zone) continue; // names that are no IANA zones, such as localtime
    auto span = (*zone)->span_at(at("1800-01-01T00:00:00Z"));
    EXPECT_EQ(span.begin, time_zone::beginning) << listed.name();
    EXPECT_EQ(span.offset_before, span.offset) << listed.name();
    while (span.end < at("2150-01-01T00:00:00Z")) {
      auto next = (*zone)->span_at(span.end);
      ASSERT_EQ(next.begin, span.end) << listed.name();
      ASSERT_EQ(next.offset, span.offset_after) << listed.name();
      ASSERT_EQ(next.offset_before, span.offset) << listed.name();
      ASSERT_NE(next.offset, span.offset) << listed.name();
      span = next;
    }
  }
}

TEST(time_zone, agrees_with_the_date_library_where_that_one_knows) {
  size_t compared = 0;
  for (const auto& listed : date::get_tzdb().zones) {
    auto zone = find_time_zone(listed.name());
    if (!zone) continue;
    const auto end = at("2037-01-01T00:00:00Z");
    auto agree_at = [&](sys_seconds time) {
      ++compared;
      return (*zone)->span_at(time).offset == listed.get_info(time).offset;
    };
    for (auto time = at("1905-01-01T00:00:00Z"); time < end; time += hours{24 * 31 + 5})
      ASSERT_TRUE(agree_at(time)) << listed.name() << " " << time.time_since_epoch().count();
    // And on both sides of each change that either side knows.
    for (auto time = at("1905-01-01T00:00:00Z"); time < end; time = (*zone)->span_at(time).end)
      ASSERT_TRUE(agree_at(time) && agree_at(time - seconds{1}))
          << listed.name() << " " << time.time_since_epoch().count();
    for (auto time = at("1905-01-01T00:00:00Z"); time < end; time = listed.get_info(time).end)
      ASSERT_TRUE(agree_at(time) && agree_at(time - seconds{1}))
          << listed.name() << " " << time.time_since_epoch().count();
  }
  EXPECT_GT(compared, 500'000u);
}

TEST(time_zone, an_unknown_zone_is_an_error_with_a_near_name) {
  auto fault = [](std::string_view name) {
    auto zone = find_time_zone(name);
    return zone ? "found" : zone.error();
  };
  EXPECT_THAT(fault("Europe/Berln"), HasSubstr("did you mean Europe/Berlin?"));
  EXPECT_THAT(fault("europe/berlin"), HasSubstr("did you mean Europe/Berlin?"));
  EXPECT_THAT(fault("Berlin"), HasSubstr("did you mean Europe/Berlin?"));
  EXPECT_THAT(fault("New York"), HasSubstr("did you mean America/New_York?"));
  EXPECT_THAT(fault("utc"), HasSubstr("did you mean"));
  EXPECT_THAT(fault("Middle-earth/Shire-and-all-around"), HasSubstr("an IANA name such as Europe/Berlin"));
  EXPECT_THAT(fault(""), HasSubstr("empty"));
}

TEST(time_zone, names_can_not_leave_the_folder_of_the_database) {
  for (std::string name :
       {"../zoneinfo/Europe/Berlin", "Europe/../Europe/Berlin", "/usr/share/zoneinfo/UTC", "/etc/passwd", "Europe",
        "Europe/", "Europe//Berlin", "./UTC", "zone.tab", "tzdata.zi", "localtime", "posixrules", "right/Europe/Berlin",
        "posix/Europe/Berlin", "Europe/Berlin\n", "Europe\\Berlin", "\xff\xfe"})
    EXPECT_FALSE(find_time_zone(name)) << name;
  EXPECT_FALSE(find_time_zone(std::string{"Europe/Berlin\0", 14}));
  auto longest = find_time_zone(std::string(100'000, 'A'));
  ASSERT_FALSE(longest);
  EXPECT_LT(longest.error().size(), 300u);
}

TEST(posix_zone_rule, reads_the_extensions_of_tz_files) {
  auto offset = [](std::string_view rule, std::string_view time) {
    auto parsed = posix_zone_rule::parse(rule);
    EXPECT_TRUE(parsed) << rule;
    return parsed ? parsed->span_at(at(time)).offset : seconds{-1};
  };
  EXPECT_EQ(offset("EET-2EEST,M3.4.4/50,M10.4.4/50", "2090-03-24T23:59:59Z"),
            hours{2}); // Saturday after the 4th Thursday
  EXPECT_EQ(offset("EET-2EEST,M3.4.4/50,M10.4.4/50", "2090-03-25T00:00:00Z"), hours{3});
  EXPECT_EQ(offset("<+0330>-3:30", "2090-01-01T00:00:00Z"), minutes{210});
  EXPECT_EQ(offset("XXX3EDT4,0/0,J365/23", "2090-01-01T00:00:00Z"), hours{-4}); // daylight saving all year round
  EXPECT_EQ(offset("XXX3EDT4,0/0,J365/23", "2096-12-31T23:59:59Z"), hours{-4});
  EXPECT_EQ(offset("AAA0BBB,J60/0,J61/0", "2028-02-29T12:00:00Z"), hours{0}); // J60 is 1 March in leap years, too
  EXPECT_EQ(offset("AAA0BBB,J60/0,J61/0", "2028-03-01T12:00:00Z"), hours{1});
  EXPECT_EQ(offset("AAA0BBB,59/0,60/0", "2028-02-29T12:00:00Z"), hours{1});
}

TEST(posix_zone_rule, refuses_what_is_none) {
  for (auto text :
       {"", "C", "CET", "CET-", "CET-1CEST", "CET-1CEST,", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/168",
        "CET-1CEST,M3.5.0,M10.5.0/3x", "<CET-1", "CET-99", "CET-1:60", "CET-1CEST,J0,J5", "CET-1CEST,366,5"})
    EXPECT_FALSE(posix_zone_rule::parse(text)) << text;
}

TEST(tz_file, refuses_every_cut_and_never_reads_outside) {
  std::ifstream file{"/usr/share/zoneinfo/Europe/Berlin", std::ios::binary};
  std::string whole{std::istreambuf_iterator<char>{file}, {}};
  ASSERT_TRUE(parse_tz_file(whole));
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(parse_tz_file(std::string{whole, 0, length})) << length;
  for (size_t i = 0; i < whole.size(); ++i) { // any answer is right, as long as it comes
    auto bent = whole;
    bent[i] = static_cast<char>(bent[i] ^ 0xff);
    auto content = parse_tz_file(bent);
    if (!content) {
      EXPECT_FALSE(content.error().empty());
    }
  }
}

} // namespace
} // namespace wheelwork
