#include "server/plugins/template/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/fake_environment.h"
#include "config/options.h"
#include "server/plugins/test_exchange.h"

namespace podnamed::plugins {
namespace {

using dns::RecordType;

class TemplateTest : public ::testing::Test {
 protected:
  Template& Make(const std::string& lines) {
    const absl::StatusOr<config::Options> options =
        config::ParseOptions(". {\n" + lines + "\n}", "Corefile", 53, config::FakeEnvironment());
    EXPECT_TRUE(options.ok()) << options.status();
    options_ = options->blocks[0].templates;
    return template_.emplace(options_, Metadata::Sources{},
                             [this](std::string_view name, const auto& labels) -> base::Counter& {
                               std::string series(name);
                               for (const auto& [label, value] : labels)
                                 series.append(" ").append(label).append("=").append(value);
                               return counters_[series];
                             });
  }
  std::string Ask(std::string_view name, RecordType type = RecordType::kA, const testing::QueryOptions& options = {}) {
    TestExchange test(name, type, options);
    test.exchange.entrance = &entrance_;
    const std::string reply = plugins::Ask(*template_, test);
    return reply + (test.exchange.error.empty() ? "" : " " + test.exchange.error);
  }

  const Entrance entrance_{"dns://:53", "."};
  std::vector<config::TemplateOptions> options_;
  std::map<std::string, base::Counter> counters_;
  std::optional<Template> template_;
};

TEST_F(TemplateTest, MakesRecordsOfTheQuery) {
  Make(R"--(template IN A example {
    match (^|[.])ip-(?P<a>[0-9]*)-(?P<b>[0-9]*)-(?P<c>[0-9]*)-(?P<d>[0-9]*)[.]example[.]$
    answer "{{ .Name }} 60 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}"
    authority "{{ .Zone }} 60 IN NS ns0.example."
    additional "ns0.example. IN A 203.0.113.8"
    fallthrough
  }
  template IN PTR in-addr.arpa {
    match ^(?P<d>[0-9]*)[.](?P<c>[0-9]*)[.](?P<b>[0-9]*)[.](?P<a>[0-9]*)[.]in-addr[.]arpa[.]$
    answer "{{ .Name }} 60 IN PTR ip-{{ .Group.a }}-{{ .Group.b }}-{{ .Group.c }}-{{ .Group.d }}.example."
  })--");
  EXPECT_EQ(
      Ask("IP-10-0-0-1.example."),
      "NOERROR aa | IP-10-0-0-1.example. 60 IN A 10.0.0.1 | example. 60 IN NS ns0.example. | ns0.example. 3600 IN "
      "A 203.0.113.8");
  EXPECT_EQ(Ask("ip.example."), "pass");
  EXPECT_EQ(Ask("ip-10-0-0-1.example.", RecordType::kAaaa), "pass");
  EXPECT_EQ(Ask("ip-10-0-0-1.other."), "pass");
  EXPECT_EQ(Ask("4.3.2.1.in-addr.arpa.", RecordType::kPtr),
            "NOERROR aa | 4.3.2.1.in-addr.arpa. 60 IN PTR ip-1-2-3-4.example.");
  EXPECT_EQ(Ask("x.in-addr.arpa.", RecordType::kPtr), "SERVFAIL") << "no match, and no fallthrough";
  EXPECT_EQ(counters_["coredns_template_matches_total server=dns://:53 zone=example. view= class=IN type=A"].value(),
            1u);
}

TEST_F(TemplateTest, TheFirstExpressionThatMatchesCounts) {
  Make(R"--(template IN A example {
    match "^ip-(?P<a>10)[.]dc[.]example[.]$" "^(?P<a>[0-9]*)[.]ext[.]example[.]$"
    answer "{{ .Name }} 60 IN A {{ .Group.a }}.0.0.1"
  })--");
  EXPECT_EQ(Ask("ip-10.dc.example."), "NOERROR aa | ip-10.dc.example. 60 IN A 10.0.0.1");
  EXPECT_EQ(Ask("192.ext.example."), "NOERROR aa | 192.ext.example. 60 IN A 192.0.0.1");
}

TEST_F(TemplateTest, SaysRcodeAndReason) {
  Make(R"--(template ANY ANY invalid {
    rcode NXDOMAIN
    authority "invalid. 60 {{ .Class }} SOA ns.invalid. hostmaster.invalid. (1 60 60 60 60)"
    ederror 21 "Blocked according to RFC2606"
  }
  template IN ANY fail {
    rcode SERVFAIL
  })--");
  EXPECT_EQ(
      Ask("a.invalid.", RecordType::kMx, {.edns_size = 1232}),
      "NXDOMAIN aa | | invalid. 60 IN SOA ns.invalid. hostmaster.invalid. 1 60 60 60 60 EDE 21 \"Blocked according "
      "to RFC2606\"");
  EXPECT_EQ(Ask("a.invalid.", RecordType::kTxt, {.record_class = dns::RecordClass::kCh}).substr(0, 40),
            "NXDOMAIN aa | | invalid. 60 CH SOA ns.in");
  EXPECT_EQ(Ask("a.fail."), "SERVFAIL");
}

TEST_F(TemplateTest, FailuresAreErrorsAndCounted) {
  Make(R"--(template IN A a {
    answer "{{ .Name }} 60 IN A {{ parseInt .Name 16 8 }}"
  }
  template IN A b {
    answer "{{ .Name }} 60 IN A {{ .Name }}"
  })--");
  EXPECT_EQ(Ask("x.a."), "SERVFAIL plugin/template: parseInt of \"x.a.\": no number of base 16 that fits 8 bits");
  EXPECT_EQ(Ask("x.b."), "SERVFAIL plugin/template: \"x.b.\"; expected an IPv4 address, at column 14");
  EXPECT_EQ(counters_["coredns_template_template_failures_total server=dns://:53 zone=a. view= class=IN type=A "
                      "section=answer template={{ .Name }} 60 IN A {{ parseInt .Name 16 8 }}"]
                .value(),
            1u);
  EXPECT_EQ(
      counters_["coredns_template_rr_failures_total server=dns://:53 zone=b. view= class=IN type=A section=answer "
                "template={{ .Name }} 60 IN A {{ .Name }}"]
          .value(),
      1u);
}

}  // namespace
}  // namespace podnamed::plugins
