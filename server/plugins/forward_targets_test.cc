#include "server/plugins/forward_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "server/testing/captured_log.h"

namespace podnamed::plugins {
namespace {

using ::testing::ElementsAre;

class ForwardTargetsTest : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  void Write(const std::string& content) {
    std::ofstream(path_ + ".new") << content;
    std::filesystem::rename(path_ + ".new", path_);
  }
  static std::vector<std::string> Texts(const ForwardTargets& targets) {
    std::vector<std::string> texts;
    for (const config::ForwardTarget& target : targets.targets()) texts.push_back(target.endpoint.ToString());
    return texts;
  }

  const std::string path_ = ::testing::TempDir() + "/forward_targets_test.resolv.conf";
  config::ForwardOptions options_;
};

TEST_F(ForwardTargetsTest, ThoseOfTheCorefileComeFirst) {
  Write("nameserver 10.0.0.2\nnameserver 10.0.0.1\n");
  options_.targets = {{.endpoint = {*base::ParseIpAddress("10.0.0.1"), 53}, .is_tls = false, .tls_server_name = {}}};
  options_.files = {path_};
  EXPECT_THAT(Texts(ForwardTargets(options_)), ElementsAre("10.0.0.1:53", "10.0.0.2:53"));
}

TEST_F(ForwardTargetsTest, FollowsItsFileAndKeepsWhatWasReadOfIt) {
  Write("nameserver 10.0.0.1\n");
  options_.files = {path_};
  const ForwardTargets targets(options_, absl::Milliseconds(5));
  const auto wait_for = [&](uint64_t version) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (targets.version() == version && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  const uint64_t first = targets.version();
  Write("nameserver 10.0.0.1\nnameserver 10.0.0.3\n");
  wait_for(first);
  EXPECT_THAT(Texts(targets), ElementsAre("10.0.0.1:53", "10.0.0.3:53"));
  const testing::CapturedLog log;
  Write("options ndots:5\n");
  EXPECT_TRUE(log.WaitFor("the name servers that it named before are asked"));
  EXPECT_THAT(Texts(targets), ElementsAre("10.0.0.1:53", "10.0.0.3:53"));
}

}  // namespace
}  // namespace podnamed::plugins
