#include "server/base/listen_address.h"

#include <gtest/gtest.h>

namespace podnamed::base {
namespace {

TEST(ListenAddress, IsAUnixPathOrHostAndPort) {
  const auto uri = [](std::string_view text) {
    const absl::StatusOr<ListenAddress> address = ParseListenAddress(text);
    return address.ok() ? address->GrpcUri() : "error";
  };
  EXPECT_EQ(uri("unix:///run/podnamed/feed.sock"), "unix:/run/podnamed/feed.sock");
  EXPECT_EQ(uri("unix:/run/feed.sock"), "unix:/run/feed.sock");
  EXPECT_EQ(uri("unix:feed.sock"), "unix:feed.sock");
  EXPECT_EQ(uri("127.0.0.1:5354"), "127.0.0.1:5354");
  EXPECT_EQ(uri("localhost:0"), "localhost:0");
  EXPECT_EQ(uri("[::1]:5354"), "[::1]:5354");
  EXPECT_EQ(uri(":5354"), "[::]:5354");
  for (const char* wrong : {"", ":", "unix:", "unix://host/path", "localhost", "localhost:", "localhost:http",
                            "::1:5354", "[]:5354", "localhost:65536", "localhost:-1", "localhost:053540"}) {
    EXPECT_EQ(uri(wrong), "error") << wrong;
  }
}

}  // namespace
}  // namespace podnamed::base
