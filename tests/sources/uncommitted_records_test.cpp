#include "sources/uncommitted_records.hpp"

#include <gmock/gmock.h>

namespace wheelwork::source_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr steady_time start{std::chrono::hours{1}};
using one = finished_record;

TEST(uncommitted_records_test, what_is_kept_is_taken_once_and_in_order) {
  uncommitted_records all;
  all.keep(3, {one{7, 70}, one{5, 50}}, start);
  all.keep(3, {one{6, 60}, one{7, 70}}, start);
  all.keep(4, {one{1, 10}}, start);
  EXPECT_THAT(all.take(3, start), ElementsAre(one{5, 50}, one{6, 60}, one{7, 70}));
  EXPECT_THAT(all.take(3, start), IsEmpty());
  EXPECT_THAT(all.take(4, start), ElementsAre(one{1, 10}));
}

TEST(uncommitted_records_test, a_group_that_is_set_back_later_reads_its_records_again) {
  const auto later = start + uncommitted_records::kept_for + milliseconds{1};
  uncommitted_records all;
  all.keep(0, {one{1, 10}}, start);
  EXPECT_THAT(all.take(0, later), IsEmpty());
  all.keep(0, {one{1, 10}}, start);
  all.keep(0, {one{2, 20}}, later);
  EXPECT_THAT(all.take(0, later), ElementsAre(one{2, 20}));
}

TEST(uncommitted_records_test, of_too_many_the_newest_are_kept) {
  std::vector<one> many;
  for (size_t number = 0; number <= uncommitted_records::size_max; ++number)
    many.push_back({static_cast<int64_t>(number), 0});
  uncommitted_records all;
  all.keep(0, many, start);
  const auto kept = all.take(0, start);
  ASSERT_EQ(kept.size(), uncommitted_records::size_max);
  EXPECT_EQ(kept.front(), (one{1, 0}));
}

} // namespace
} // namespace wheelwork::source_test
