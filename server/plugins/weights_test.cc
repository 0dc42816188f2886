#include "server/plugins/weights.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/dns/name.h"
#include "server/testing/captured_log.h"

namespace podnamed::plugins {
namespace {

// 0: none is written.
uint32_t WeightOf(const Weights& weights, std::string_view name, std::string_view address) {
  const Weights::OfName* of_name = weights.Find(dns::Name::FromText(name)->wire());
  if (of_name == nullptr) return 0;
  const auto found = of_name->find(*base::ParseIpAddress(address));
  return found == of_name->end() ? 0 : found->second;
}

TEST(Weights, AreOfANamesAddresses) {
  const absl::StatusOr<Weights> weights = Weights::Read(
      "# comment\n\nWWW.example.com\n 100.64.1.1 3\n100.64.1.2\t255\r\nfd00::1 7\nother.\n100.64.1.1 2\n");
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->name_count(), 2u);
  EXPECT_EQ(WeightOf(*weights, "www.example.com", "100.64.1.1"), 3u);
  EXPECT_EQ(WeightOf(*weights, "www.example.com", "100.64.1.2"), 255u);
  EXPECT_EQ(WeightOf(*weights, "www.example.com", "fd00::1"), 7u);
  EXPECT_EQ(WeightOf(*weights, "www.example.com", "100.64.1.9"), 0u);
  EXPECT_EQ(WeightOf(*weights, "other", "100.64.1.1"), 2u);
  EXPECT_EQ(WeightOf(*weights, "none", "100.64.1.1"), 0u);
}

TEST(Weights, SayWhatIsWrong) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"10.0.0.1", "line 1 is \"10.0.0.1\"; expected a name, or an address and its weight"},
      {"10.0.0.1 3", "line 1 is \"10.0.0.1 3\"; expected a line with a name before it"},
      {"a\n10.0.0.1 0", "line 2 is \"10.0.0.1 0\"; expected an address and its weight, 1 to 255"},
      {"a\n10.0.0.1 256", "line 2 is \"10.0.0.1 256\"; expected an address and its weight, 1 to 255"},
      {"a\n10.0.0 1", "line 2 is \"10.0.0 1\"; expected an address and its weight, 1 to 255"},
      {"a\n10.0.0.1 1 1", "line 2 is \"10.0.0.1 1 1\"; expected an address and its weight, 1 to 255"},
      {"a..b", "line 1 is \"a..b\"; expected a name, or an address and its weight"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(std::string(Weights::Read(text).status().message()), expected) << text;
}

class WeightSourceTest : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  void Write(const std::string& content) {
    std::ofstream(path_ + ".new") << content;
    std::filesystem::rename(path_ + ".new", path_);
  }
  std::string Refusal(absl::Duration reload) {
    return std::string(WeightSource::Open(path_, reload).status().message());
  }

  const std::string path_ = ::testing::TempDir() + "podnamed_weights_of_source_" + std::to_string(getpid());
};

TEST_F(WeightSourceTest, AWrongFileIsAnErrorAtTheStart) {
  Write("a\n10.0.0.1\n");
  const std::string wrong = path_ + ": line 2 is \"10.0.0.1\"; expected a name, or an address and its weight";
  EXPECT_EQ(Refusal(absl::Seconds(30)), wrong);
  EXPECT_EQ(Refusal(absl::ZeroDuration()), wrong);
}

TEST_F(WeightSourceTest, AMissingFileIsOneIfNobodyLooksAgain) {
  EXPECT_EQ(Refusal(absl::ZeroDuration()), path_ + " cannot be read: No such file or directory");
  const testing::CapturedLog log;
  const auto source = WeightSource::Open(path_, absl::Milliseconds(20));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->Current()->name_count(), 0u);
  EXPECT_TRUE(log.WaitFor("No such file or directory; every address weighs the same, trying again every 20ms"));
  Write("a\n10.0.0.1 7\n");
  EXPECT_TRUE(log.WaitFor("the weights of 1 names"));
  EXPECT_EQ(WeightOf(*(*source)->Current(), "a", "10.0.0.1"), 7u);
  Write("a\n10.0.0.1 8\nb b\n");
  EXPECT_TRUE(
      log.WaitFor("line 3 is \"b b\"; expected an address and its weight, 1 to 255; what was read before stays"));
  EXPECT_EQ(WeightOf(*(*source)->Current(), "a", "10.0.0.1"), 7u);
}

}  // namespace
}  // namespace podnamed::plugins
