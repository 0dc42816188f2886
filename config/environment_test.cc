#include "config/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace podnamed::config {
namespace {

class SystemEnvironmentTest : public testing::Test {
 protected:
  SystemEnvironmentTest() { directory_ = mkdtemp(directory_.data()); }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  std::string directory_ = testing::TempDir() + "environment_XXXXXX";
  SystemEnvironment environment_;
};

TEST_F(SystemEnvironmentTest, ReadsFiles) {
  const std::string content("a\0b\n", 4);
  EXPECT_EQ(*environment_.ReadFile(Write("file", content)), content);
  EXPECT_EQ(environment_.ReadFile(directory_ + "/none").status(), absl::NotFoundError("No such file or directory"));
  EXPECT_EQ(environment_.ReadFile(directory_).status().message(), "Is a directory");
  EXPECT_EQ(environment_.ReadFile(Write("large", std::string((16 << 20) + 1, ' '))).status().message(),
            "longer than 16 MiB");
}

TEST_F(SystemEnvironmentTest, ListsMatchesInOrder) {
  const std::string b = Write("b.conf", "");
  const std::string a = Write("a.conf", "");
  Write("c.other", "");
  EXPECT_THAT(environment_.Glob(directory_ + "/*.conf"), testing::ElementsAre(a, b));
  EXPECT_THAT(environment_.Glob(directory_ + "/none/*"), testing::IsEmpty());
}

TEST_F(SystemEnvironmentTest, AnUnsetVariableIsEmpty) {
  EXPECT_NE(environment_.Variable("PATH"), "");
  EXPECT_EQ(environment_.Variable("PODNAMED_NEVER_SET"), "");
}

TEST_F(SystemEnvironmentTest, KnowsTheLoopbackInterface) {
  EXPECT_THAT(*environment_.InterfaceAddresses("lo"),
              testing::Contains(base::IpAddress(base::Ipv4Address{127, 0, 0, 1})));
  EXPECT_EQ(environment_.InterfaceAddresses("podnamed-none").status(), absl::NotFoundError("no such interface"));
}

}  // namespace
}  // namespace podnamed::config
