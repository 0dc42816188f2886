#include "config/forward_directive.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/fake_environment.h"

namespace podnamed::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

absl::StatusOr<Options> Parse(std::string_view directives) {
  FakeEnvironment environment;
  environment.files = {{"/etc/resolv.conf", "# mine\nsearch a b\nnameserver 10.0.0.1\nnameserver fd00::1\n"},
                       {"empty.conf", "search a\n"},
                       {"cert", ""},
                       {"key", ""},
                       {"ca", ""}};
  return ParseOptions(fmt::format(". {{\n{}\n}}", directives), "Corefile", 53, environment);
}

ForwardOptions Forward(std::string_view directive) {
  const absl::StatusOr<Options> options = Parse(directive);
  EXPECT_TRUE(options.ok()) << options.status();
  return options->blocks.at(0).forward.at(0);
}

std::string ToText(const ForwardTarget& target) {
  return fmt::format("{}{}{}{}", target.is_tls ? "tls://" : "", target.endpoint.ToString(),
                     target.tls_server_name.empty() ? "" : " as ", target.tls_server_name);
}

std::vector<std::string> Targets(std::string_view to) {
  std::vector<std::string> texts;
  for (const ForwardTarget& target : Forward(fmt::format("forward . {}", to)).targets) texts.push_back(ToText(target));
  return texts;
}

TEST(ForwardDirective, ReadsEveryFormOfUpstream) {
  EXPECT_THAT(Targets("10.0.0.1 10.0.0.2:5353 dns://10.0.0.3 10.0.0.1"),
              ElementsAre("10.0.0.1:53", "10.0.0.2:5353", "10.0.0.3:53"));
  EXPECT_THAT(Targets("fd00::1 [fd00::1]:54"), ElementsAre("[fd00::1]:53", "[fd00::1]:54"));
  EXPECT_THAT(Targets("tls://9.9.9.9 tls://9.9.9.9:8853 tls://9.9.9.9%dns.quad9.net tls://9.9.9.9%dns.quad9.net:854"),
              ElementsAre("tls://9.9.9.9:853", "tls://9.9.9.9:8853", "tls://9.9.9.9:853 as dns.quad9.net",
                          "tls://9.9.9.9:854 as dns.quad9.net"));
}

TEST(ForwardDirective, ReadsNameServersFromAFile) {
  const ForwardOptions forward = Forward("forward . /etc/resolv.conf");
  EXPECT_THAT(forward.files, ElementsAre("/etc/resolv.conf"));
  EXPECT_THAT(forward.targets, IsEmpty());
  std::vector<std::string> texts;
  for (const ForwardTarget& target :
       ReadResolvConf("nameserver 10.0.0.1 # first\n nameserver\t::1\r\nnameserver\nnameserver x\noptions ndots:5")) {
    texts.push_back(ToText(target));
  }
  EXPECT_THAT(texts, ElementsAre("10.0.0.1:53", "[::1]:53"));
}

TEST(ForwardDirective, ReadsEveryProperty) {
  const ForwardOptions plain = Forward("forward . 10.0.0.1");
  EXPECT_EQ(plain.policy, ForwardOptions::Policy::kRandom);
  EXPECT_EQ(plain.max_fails, 2);
  EXPECT_EQ(plain.expire, absl::Seconds(10));
  EXPECT_EQ(plain.health_interval, absl::Milliseconds(500));
  EXPECT_TRUE(plain.health_recursion);
  const ForwardOptions all = Forward(R"(forward Corp.example 10.0.0.1 {
    except a.corp.example 10.0.0.0/8
    except b.corp.example
    policy sequential
    force_tcp
    prefer_udp
    expire 20s
    max_idle_conns 7
    max_fails 3
    max_connect_attempts 4
    max_concurrent 1000
    read_timeout 1s
    failfast_all_unhealthy_upstreams
    health_check 1s no_rec domain example.org
    tls cert key ca
    tls_servername dns.example
    failover SERVFAIL REFUSED
    next NXDOMAIN
    next_on_nodata
  })");
  EXPECT_EQ(all.from.ToText(), "corp.example.");
  EXPECT_EQ(all.except.size(), 3u);
  EXPECT_EQ(all.policy, ForwardOptions::Policy::kSequential);
  EXPECT_TRUE(all.force_tcp && all.prefer_udp && all.fail_fast && all.next_on_nodata && !all.health_recursion);
  EXPECT_EQ(all.expire, absl::Seconds(20));
  EXPECT_EQ(all.max_idle_connections, 7u);
  EXPECT_EQ(all.max_fails, 3);
  EXPECT_EQ(all.max_attempts, 4);
  EXPECT_EQ(all.max_concurrent, 1000u);
  EXPECT_EQ(all.read_timeout, absl::Seconds(1));
  EXPECT_EQ(all.health_interval, absl::Seconds(1));
  EXPECT_EQ(all.health_domain.ToText(), "example.org.");
  EXPECT_EQ(all.tls_certificate + all.tls_key + all.tls_ca, "certkeyca");
  EXPECT_EQ(all.tls_server_name, "dns.example");
  EXPECT_THAT(all.failover, ElementsAre(dns::Rcode::kServFail, dns::Rcode::kRefused));
  EXPECT_THAT(all.next, ElementsAre(dns::Rcode::kNxDomain));
  EXPECT_EQ(Forward("forward . 10.0.0.1 {\ntls ca\n}").tls_ca, "ca");
  EXPECT_EQ(Forward("forward . 10.0.0.1 {\ntls\n}").tls_ca, "");
}

TEST(ForwardDirective, MayStandMoreThanOnceAndForNetworks) {
  const absl::StatusOr<Options> options = Parse("forward a 10.0.0.1\nforward 10.0.0.0/9 10.0.0.2");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->blocks[0].forward.size(), 1u + 128u);
}

TEST(ForwardDirective, SaysWhatIsWrong) {
  std::string many = "forward .";
  for (int i = 0; i < 16; ++i) many += fmt::format(" 10.0.0.{}", i);
  for (const auto& [directive, error] : std::vector<std::pair<std::string, std::string_view>>{
           {"forward .", "Corefile:2:1: forward has 1 arguments; expected \"forward FROM TO…\""},
           {"forward . dns.example",
            "Corefile:2:11: \"dns.example\" is neither an address nor a file that can be read (No such file or "
            "directory); expected ADDRESS, ADDRESS:PORT, tls://ADDRESS or a file like /etc/resolv.conf"},
           {"forward . empty.conf",
            "Corefile:2:11: \"empty.conf\" names no name server; expected a line \"nameserver ADDRESS\""},
           {"forward . https://dns.example/",
            "Corefile:2:11: \"https://dns.example/\" is known to CoreDNS, not supported by podnamed; expected an "
            "address, or tls://ADDRESS for an encrypted upstream"},
           {many, "Corefile:2:1: forward has 16 upstreams; expected at most 15"},
           {"forward a..b 10.0.0.1", "Corefile:2:9: "},
           {"forward . 10.0.0.1 {\npolicy fastest\n}",
            "Corefile:3:8: policy is \"fastest\"; expected random, round_robin or sequential"},
           {"forward . 10.0.0.1 {\nmax_fails -1\n}",
            "Corefile:3:11: max_fails is \"-1\"; expected a whole number, at most 1000000"},
           {"forward . 10.0.0.1 {\nforce_tcp yes\n}", "Corefile:3:11: force_tcp has an argument; expected none"},
           {"forward . 10.0.0.1 {\nexpire 5\n}",
            "Corefile:3:8: expire is \"5\"; expected a duration such as \"5s\", at most 1h"},
           {"forward . 10.0.0.1 {\nhealth_check 0s\n}", "Corefile:3:14: health_check is \"0s\"; expected more than 0"},
           {"forward . 10.0.0.1 {\nhealth_check 1s domain\n}",
            "Corefile:3:17: \"domain\" after health_check; expected no_rec, or domain and a name"},
           {"forward . 10.0.0.1 {\ntls a b\n}",
            "Corefile:3:5: \"a\" cannot be read (No such file or directory); expected a file in PEM\n"
            "Corefile:3:7: \"b\" cannot be read (No such file or directory); expected a file in PEM"},
           {"forward . 10.0.0.1 {\nfailover BROKEN\n}",
            "Corefile:3:10: \"BROKEN\" is no rcode here; expected NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP or "
            "REFUSED"},
           {"forward . 10.0.0.1 {\nexept a\n}", "Corefile:3:1: unknown forward property \"exept\"; expected except"},
       }) {
    const absl::StatusOr<Options> options = Parse(directive);
    ASSERT_FALSE(options.ok()) << directive;
    EXPECT_THAT(std::string(options.status().message()), ::testing::StartsWith(std::string(error))) << directive;
  }
}

}  // namespace
}  // namespace podnamed::config
