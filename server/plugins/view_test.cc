#include "server/plugins/view.h"

#include <gtest/gtest.h>

#include <string>

#include "config/fake_environment.h"
#include "server/plugins/test_exchange.h"

namespace podnamed::plugins {
namespace {

bool Holds(const std::string& expressions, const testing::QueryOptions& query = {},
           const net::Request* request = nullptr, std::string_view address = "10.0.0.53") {
  const absl::StatusOr<config::Options> options =
      config::ParseOptions(". {\nview v {\n" + expressions + "\n}\n}", "Corefile", 53, config::FakeEnvironment());
  EXPECT_TRUE(options.ok()) << options.status();
  const config::ViewOptions view = *options->blocks[0].view;
  View plugin(view, {});
  const Entrance entrance{"dns://10.0.0.53:5353", ".", 0, base::ParseIpAddress(address), 5353, "v"};
  TestExchange test("WWW.example.", dns::RecordType::kMx, query);
  test.exchange.entrance = &entrance;
  test.exchange.query_size = 33;
  EXPECT_TRUE(plugin.is_condition());
  EXPECT_EQ(plugin.OnQuery(test.exchange), Next::kPass);
  return plugin.Holds(test.exchange, request);
}

TEST(View, KnowsTheQuery) {
  EXPECT_TRUE(Holds("expr name() == 'www.example.' and type() == 'MX' and class() == 'IN' and proto() == 'udp'"));
  EXPECT_TRUE(Holds("expr client_ip() == '10.0.0.7' and port() == '1053' and incidr(client_ip(), '10.0.0.0/8')"));
  EXPECT_TRUE(Holds("expr server_ip() == '10.0.0.53' and server_port() == '5353' and size() == 33"));
  EXPECT_TRUE(Holds("expr bufsize() == 512 and not do() and id() == 4242 and opcode() == 0"));
  EXPECT_TRUE(Holds("expr bufsize() == 1400 and do()", {.edns_size = 1400, .dnssec_ok = true}));
  EXPECT_TRUE(Holds("expr metadata('view/name') == 'v' and metadata('kubernetes/kind') == ''"));
}

class At final : public net::ReplyPathMaker {
 public:
  std::unique_ptr<net::ReplyPath> MakeReplyPath(const net::Request&) override { return nullptr; }
  std::optional<base::IpAddress> LocalAddress(const net::Request&) override {
    ++asked;
    return base::ParseIpAddress("192.0.2.53");
  }
  int asked = 0;
};

TEST(View, AnEndpointOfEveryAddressHasTheOneThatAQueryWasSentTo) {
  At transport;
  const net::Request request{.message = {}, .client = {}, .later = &transport};
  EXPECT_TRUE(Holds("expr server_ip() == '192.0.2.53' and server_port() == '5353'", {}, &request, ""));
  EXPECT_EQ(transport.asked, 1);
  EXPECT_TRUE(Holds("expr server_ip() == '10.0.0.53'", {}, &request)) << "it has one of its own";
  EXPECT_TRUE(Holds("expr type() == 'MX'", {}, &request, ""));
  EXPECT_EQ(transport.asked, 1) << "nobody wanted to know";
  EXPECT_TRUE(Holds("expr server_ip() == ''", {}, nullptr, "")) << "a plugin asks";
}

TEST(View, AllExpressionsMustHold) {
  EXPECT_TRUE(Holds("expr true\nexpr type() == 'MX'"));
  EXPECT_FALSE(Holds("expr true\nexpr type() == 'A'"));
}

}  // namespace
}  // namespace podnamed::plugins
