#include "server/base/flags.h"

#include <gtest/gtest.h>

#include <boost/program_options/value_semantic.hpp>
#include <string>
#include <vector>

namespace podnamed::base {
namespace {

namespace po = boost::program_options;

class FlagsTest : public ::testing::Test {
 protected:
  FlagsTest() {
    flags_.add_options()("conf", po::value<std::string>()->default_value("Corefile"), "")(
        "dns.port", po::value<int>(), "")("quiet", po::bool_switch(), "");
  }
  absl::StatusOr<po::variables_map> Parse(std::vector<const char*> words) {
    words.insert(words.begin(), "podnamed");
    return ParseFlags(static_cast<int>(words.size()), words.data(), flags_);
  }

  po::options_description flags_;
};

TEST_F(FlagsTest, ReadsFlagsAsCoreDnsDoes) {
  for (const auto& words : {std::vector<const char*>{"-conf", "F", "-dns.port=1053", "-quiet"},
                            std::vector<const char*>{"--conf=F", "--dns.port", "1053", "--quiet"}}) {
    const auto values = Parse(words);
    ASSERT_TRUE(values.ok()) << values.status();
    EXPECT_EQ((*values)["conf"].as<std::string>(), "F");
    EXPECT_EQ((*values)["dns.port"].as<int>(), 1053);
    EXPECT_TRUE((*values)["quiet"].as<bool>());
  }
  EXPECT_EQ((*Parse({}))["conf"].as<std::string>(), "Corefile");
}

TEST_F(FlagsTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(Parse({"-config", "F"}).status().message(), "\"-config\" is no flag; -help lists them");
  EXPECT_FALSE(Parse({"-conf"}).ok());
  EXPECT_FALSE(Parse({"-dns.port", "many"}).ok());
  EXPECT_FALSE(Parse({"Corefile"}).ok());
}

TEST_F(FlagsTest, WordsStandBetweenFlagsInAnyOrder) {
  const std::vector<const char*> arguments = {"podnamectl", "lookup", "-conf", "F", "nginx", "-quiet", "A"};
  std::vector<std::string> words;
  const auto values = ParseFlagsAndWords(static_cast<int>(arguments.size()), arguments.data(), flags_, &words);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(words, (std::vector<std::string>{"lookup", "nginx", "A"}));
  EXPECT_EQ((*values)["conf"].as<std::string>(), "F");
}

}  // namespace
}  // namespace podnamed::base
