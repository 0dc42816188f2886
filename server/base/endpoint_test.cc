#include "server/base/endpoint.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace podnamed::base {
namespace {

TEST(Endpoint, IsWrittenAsPeopleWriteIt) {
  EXPECT_EQ((Endpoint{.address = ParseIpAddress("127.0.0.1"), .port = 53}).ToString(), "127.0.0.1:53");
  EXPECT_EQ((Endpoint{.address = ParseIpAddress("::1"), .port = 1053}).ToString(), "[::1]:1053");
  EXPECT_EQ((Endpoint{.address = std::nullopt, .port = 53}).ToString(), ":53");
}

TEST(ParseEndpoint, ReadsWhatPeopleWrite) {
  for (const std::string_view text : {":8080", ":0", "127.0.0.1:53", "[::1]:65535", "[fd00::7]:9153"}) {
    const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(endpoint->ToString(), text);
  }
  EXPECT_EQ(ParseEndpoint("localhost:9153")->ToString(), "127.0.0.1:9153");
}

TEST(ParseEndpoint, SaysWhatItExpectsInPlaceOfAnythingElse) {
  for (const std::string_view text : {"", "9153", ":", ":65536", ":-1", ":80 ", "::1:80", "[127.0.0.1]:80", "[]:80",
                                      "[::1", "example.com:80", "127.0.0.1:http"}) {
    const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.status().message(),
              fmt::format("\"{}\" is no address to listen on; expected \":PORT\", \"IP:PORT\" (an IPv6 address in "
                          "brackets) or \"localhost:PORT\"",
                          text));
  }
}

}  // namespace
}  // namespace podnamed::base
