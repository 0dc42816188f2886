#include "config/effective_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "config/fake_environment.h"
#include "config/options.h"

namespace podnamed::config {
namespace {

std::string EffectiveTextOf(std::string_view corefile) {
  FakeEnvironment environment;
  environment.files = {{"Corefile", std::string(corefile)}, {"stub", "chaos # of a friend\nany\n"}};
  environment.variables = {{"ZONE", "pods.example"}, {"SPACED", "a b"}};
  const absl::StatusOr<Options> options = LoadOptions("Corefile", 53, environment);
  return options.ok() ? options->effective_text : std::string(options.status().message());
}

TEST(EffectiveText, IsTheCorefileAsItWasUnderstood) {
  EXPECT_EQ(EffectiveTextOf(R"((quick) {
  cache 30 { success 5000 }
}
10.0.0.0/15, dns://{$ZONE}:1053 {
  whoami
  import quick
  import stub
  log . "{name} {%SPACED%} \"quoted\""
  errors { }
}
Example.ORG
any
)"),
            R"(0.10.in-addr.arpa.:53 1.10.in-addr.arpa.:53 pods.example.:1053 {
    errors
    log . "{name} a b \"quoted\""
    any
    chaos
    cache 30 {
        success 5000
    }
    whoami
}
example.org.:53 {
    any
}
)");
}

TEST(EffectiveText, SaysWhatIsOverTls) {
  EXPECT_EQ(EffectiveTextOf("tls://a b {\n any\n tls c k\n}\n"), "tls://a.:853 b.:53 {\n    tls c k\n    any\n}\n");
}

TEST(EffectiveText, ReadAgainIsTheSame) {
  for (const std::string_view corefile : {
           ". {\n log . \"#{name} \\\"\" {\n  class denial\n }\n}\n",
           ". {\n chaos \"\" \"{\"\n}\n",
           ". {\n header {\n  response set aa\n  query clear rd\n }\n acl {\n  drop\n }\n acl {\n  block\n }\n}\n",
       }) {
    const std::string once = EffectiveTextOf(corefile);
    EXPECT_EQ(EffectiveTextOf(once), once);
    EXPECT_NE(once.find('{'), std::string::npos) << once;
  }
}

}  // namespace
}  // namespace podnamed::config
