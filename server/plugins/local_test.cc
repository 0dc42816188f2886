#include "server/plugins/local.h"

#include <gtest/gtest.h>

#include "server/plugins/test_exchange.h"

namespace podnamed::plugins {
namespace {

using dns::RecordType;

constexpr std::string_view kSoa = " 604800 IN SOA localhost. root.localhost. 1 0 0 0 604800";

std::string AskLocal(std::string_view name, RecordType type) {
  Local local({});
  std::string text = Ask(local, name, type);
  const size_t soa = text.find(kSoa);
  return soa == std::string::npos ? text : text.replace(soa, kSoa.size(), " SOA");
}

TEST(Local, AnswersWhatNobodyElseShouldBeAsked) {
  for (const auto& [name, type, reply] : std::vector<std::tuple<std::string_view, RecordType, std::string_view>>{
           {"localhost.", RecordType::kA, "NOERROR | localhost. 604800 IN A 127.0.0.1"},
           {"LocalHost.", RecordType::kAaaa, "NOERROR | LocalHost. 604800 IN AAAA ::1"},
           {"localhost.", RecordType::kNs, "NOERROR | localhost. 604800 IN NS localhost."},
           {"localhost.", RecordType::kSoa, "NOERROR | localhost. SOA"},
           {"localhost.", RecordType::kMx, "NOERROR | | localhost. SOA"},
           {"app.localhost.", RecordType::kA, "NOERROR | app.localhost. 604800 IN A 127.0.0.1"},
           {"localhost.default.svc.cluster.local.", RecordType::kAaaa,
            "NOERROR | localhost.default.svc.cluster.local. 604800 IN AAAA ::1"},
           {"localhost.example.org.", RecordType::kTxt, "NOERROR | | localhost.example.org. SOA"},
           {"1.0.0.127.in-addr.arpa.", RecordType::kPtr, "NOERROR | 1.0.0.127.in-addr.arpa. 604800 IN PTR localhost."},
           {"1.0.0.127.in-addr.arpa.", RecordType::kA, "NOERROR | | 127.in-addr.arpa. SOA"},
           {"127.in-addr.arpa.", RecordType::kSoa, "NOERROR | 127.in-addr.arpa. SOA"},
           {"0.in-addr.arpa.", RecordType::kA, "NOERROR | | 0.in-addr.arpa. SOA"},
           {"9.255.in-addr.arpa.", RecordType::kPtr, "NXDOMAIN | | 255.in-addr.arpa. SOA"},
           {"2.0.0.127.in-addr.arpa.", RecordType::kPtr, "NXDOMAIN | | 127.in-addr.arpa. SOA"},
           {"10.in-addr.arpa.", RecordType::kPtr, "pass"},
           {"example.org.", RecordType::kA, "pass"},
           {"notlocalhost.", RecordType::kA, "pass"},
           {".", RecordType::kNs, "pass"},
       }) {
    EXPECT_EQ(AskLocal(name, type), reply) << name;
  }
}

}  // namespace
}  // namespace podnamed::plugins
