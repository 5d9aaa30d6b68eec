// What reaches a terminal.
#include "app/console.hpp"

#include <gtest/gtest.h>

namespace wheelwork {
namespace {

TEST(escaped, leaves_readable_text_alone) { EXPECT_EQ(escaped("héllo 日本 \"x\" \\ 👍"), "héllo 日本 \"x\" \\ 👍"); }

TEST(escaped, shows_what_would_drive_the_terminal) {
  EXPECT_EQ(escaped("a\x1b[31mb\nc\td\r"), "a\\x1b[31mb\\nc\\td\\r");
  EXPECT_EQ(escaped(std::string{"\0\x7f", 2}), "\\x00\\x7f");
  EXPECT_EQ(escaped("\xc2\x9b"), "\\x9b");     // C1: begins a control sequence, too
  EXPECT_EQ(escaped("a\u202eb"), "a\\u202eb"); // turns the text around
}

TEST(escaped, shows_bytes_that_are_no_utf8) {
  EXPECT_EQ(escaped("\xff"), "\\xff");
  EXPECT_EQ(escaped("\xc0\xaf"), "\\xc0\\xaf");          // overlong
  EXPECT_EQ(escaped("\xe6\x97"), "\\xe6\\x97");          // cut off
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80"); // surrogate
}

TEST(columns_of, counts_what_a_terminal_shows) {
  EXPECT_EQ(columns_of("abc"), 3u);
  EXPECT_EQ(columns_of("é"), 1u);
  EXPECT_EQ(columns_of("e\u0301"), 1u);
  EXPECT_EQ(columns_of("日本"), 4u);
}

TEST(text_table, aligns_columns_by_what_is_shown) {
  text_table table{{"NAME", "STATE"}};
  table.add({"日本", "on"});
  table.add({"a\nb", "off"});
  table.add({"longer", ""});
  EXPECT_EQ(table.text(), "NAME    STATE\n"
                          "日本    on\n"
                          "a\\nb    off\n"
                          "longer\n");
}

} // namespace
} // namespace wheelwork
