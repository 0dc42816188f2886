#include "config/suggest.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace podnamed::config {
namespace {

TEST(NearestWord, ForgivesOneTypingErrorPerThreeLetters) {
  const std::vector<std::string_view> known = {"forward", "kubernetes", "ttl", "cache", "feed", "file"};
  struct Case {
    std::string_view word;
    std::string_view meant;  // empty: nothing is near
  };
  for (const Case& c : std::vector<Case>{
           {"kubernets", "kubernetes"},    // missing
           {"kuberneetes", "kubernetes"},  // too many
           {"kobernetes", "kubernetes"},   // wrong
           {"kubenretes", "kubernetes"},   // swapped
           {"fowrad", "forward"},          // swapped and missing
           {"tl", "ttl"},
           {"fee", "feed"},
           {"forward", "forward"},
           {"hosts", ""},
           {"zzz", ""},
           {"", ""},
       }) {
    EXPECT_EQ(NearestWord(c.word, known).value_or(""), c.meant) << c.word;
  }
  EXPECT_EQ(NearestWord(std::string(100'000, 'f'), known), std::nullopt);
}

TEST(DidYouMean, EndsAMessage) {
  EXPECT_EQ(DidYouMean("cahce", {"cache"}), "; did you mean \"cache\"?");
  EXPECT_EQ(DidYouMean("x", {"cache"}), "");
}

}  // namespace
}  // namespace podnamed::config
