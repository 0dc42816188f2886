#include "config/rewrite_directive.h"

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

absl::StatusOr<Options> Load(std::string_view lines) {
  return ParseOptions(fmt::format(". {{\n{}\n}}", lines), "Corefile", 53, FakeEnvironment());
}

std::string TextOf(const NameMatch& match) {
  static constexpr std::string_view kKinds[] = {"exact", "prefix", "suffix", "substring", "regex"};
  return fmt::format("{} {}", kKinds[static_cast<size_t>(match.kind)], match.text);
}

struct Text {
  std::string operator()(const TypeRewrite& type) const {
    return fmt::format("type {} {}", dns::NameOf(type.from), dns::NameOf(type.to));
  }
  std::string operator()(const ClassRewrite& entry) const {
    return fmt::format("class {} {}", dns::NameOf(entry.from), dns::NameOf(entry.to));
  }
  std::string operator()(const NameRewrite& name) const {
    std::string text = fmt::format("name {} {}{}", TextOf(name.from), name.to, name.is_reverted ? " auto" : "");
    for (const AnswerRewrite& answer : name.answers) {
      text += fmt::format(" {} {} {}", answer.where == AnswerRewrite::Where::kOwner ? "owner" : "value", answer.pattern,
                          answer.to);
    }
    return text;
  }
  std::string operator()(const TtlRewrite& ttl) const {
    return fmt::format("ttl {} {}-{}", TextOf(ttl.name), ttl.min, ttl.max);
  }
  std::string operator()(const RcodeRewrite& rcode) const {
    return fmt::format("rcode {} {} {}", TextOf(rcode.name), dns::NameOf(rcode.from), dns::NameOf(rcode.to));
  }
  std::string operator()(const CnameRewrite& cname) const {
    return fmt::format("cname {} {}", TextOf(cname.from), cname.to);
  }
  std::string operator()(const EdnsRewrite& edns) const {
    return fmt::format("edns {} {} {} \"{}\" {} {}", static_cast<int>(edns.action), edns.code,
                       static_cast<int>(edns.value), edns.data, edns.ipv4_bits, edns.ipv6_bits);
  }
};

TEST(ReadRewrite, ReadsEveryField) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"rewrite name Example.net example.org.", "name exact example.net. example.org. auto"},
      {"rewrite stop name exact a.b c", "name exact a.b. c. auto"},
      {"rewrite continue name prefix foo bar", "continue name prefix foo. bar."},
      {"rewrite name SUFFIX .schmoogle.com. .google.com.", "name suffix .schmoogle.com. .google.com."},
      {"rewrite name suffix .a .b answer auto", "name suffix .a. .b. auto"},
      {"rewrite name substring a.b c.d", "name substring a.b. c.d."},
      {R"(rewrite name regex (.*)-(us-west-1)\.example\.org {1}.service.{2}.consul)",
       R"(name regex (.*)-(us-west-1)\.example\.org {1}.service.{2}.consul.)"},
      {"rewrite stop {\nname regex (.*)\\.a {1}.b\nanswer name (.*)\\.b {1}.a\n}",
       "name regex (.*)\\.a {1}.b. owner (.*)\\.b {1}.a."},
      {"rewrite name regex a b answer name c d value e f answer value g h",
       "name regex a b. owner c d. value e f. value g h."},
      {"rewrite name exact a b answer value e f", "name exact a. b. auto value e f."},
      {"rewrite type any HINFO", "type ANY HINFO"},
      {"rewrite class CH IN", "class CH IN"},
      {"rewrite class HS CLASS7", "class HS CLASS7"},
      {"rewrite ttl a 15", "ttl exact a. 15-15"},
      {"rewrite continue {\nttl regex (.*)\\.coredns\\.rocks 15\n}", "continue ttl regex (.*)\\.coredns\\.rocks 15-15"},
      {"rewrite ttl suffix a 30-300", "ttl suffix a. 30-300"},
      {"rewrite ttl prefix a 30-", "ttl prefix a. 30-2147483647"},
      {"rewrite ttl substring a -300", "ttl substring a. 0-300"},
      {"rewrite rcode a SERVFAIL nxdomain", "rcode exact a. SERVFAIL NXDOMAIN"},
      {"rewrite rcode suffix a 2 0", "rcode suffix a. SERVFAIL NOERROR"},
      {"rewrite cname a.b. c", "cname exact a.b. c."},
      {"rewrite cname regex (.*).cdn.example.net. {1}.other.com.", "cname regex (.*).cdn.example.net. {1}.other.com."},
      {"rewrite edns0 local set 0xffee 0x61626364", "edns 0 65518 0 \"abcd\" 0 0"},
      {"rewrite edns0 local append 65001 abcd revert", "edns 1 65001 0 \"abcd\" 0 0"},
      {"rewrite edns0 local replace 65001 {client_ip}", "edns 2 65001 3 \"\" 0 0"},
      {"rewrite edns0 local set 1 {kubernetes/client-namespace}", "edns 0 1 8 \"kubernetes/client-namespace\" 0 0"},
      {"rewrite edns0 local unset 65001", "edns 3 65001 0 \"\" 0 0"},
      {"rewrite edns0 nsid set", "edns 0 3 0 \"\" 0 0"},
      {"rewrite edns0 nsid unset", "edns 3 3 0 \"\" 0 0"},
      {"rewrite edns0 subnet set 24 56 revert", "edns 0 8 9 \"\" 24 56"},
      {"rewrite edns0 subnet unset", "edns 3 8 9 \"\" 0 0"},
  };
  for (const auto& [lines, expected] : cases) {
    const absl::StatusOr<Options> options = Load(lines);
    ASSERT_TRUE(options.ok()) << lines << ": " << options.status();
    const std::vector<RewriteRule>& rules = options->blocks[0].rewrite;
    ASSERT_EQ(rules.size(), 1) << lines;
    EXPECT_EQ((rules[0].continues ? "continue " : "") + std::visit(Text(), rules[0].what), expected) << lines;
  }
  EXPECT_EQ(Load("rewrite type A AAAA\nrewrite type MX A")->blocks[0].rewrite.size(), 2);
}

TEST(ReadRewrite, RefusesWhatCannotBe) {
  constexpr std::string_view kName =
      "Corefile:2:1: rewrite cannot be read as it stands; expected \"name [exact|prefix|suffix|substring|regex] FROM "
      "TO [answer auto | answer name|value FROM TO]…\"";
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"rewrite", "Corefile:2:1: rewrite names no field; expected \"rewrite [continue|stop] FIELD …\""},
      {"rewrite stop", "Corefile:2:1: rewrite names no field; expected \"rewrite [continue|stop] FIELD …\""},
      {"rewrite nam a b",
       "Corefile:2:9: rewrite has the field \"nam\"; expected name, type, class, ttl, edns0, cname or rcode; did you "
       "mean \"name\"?"},
      {"rewrite answer name a b",
       "Corefile:2:9: rewrite has the field \"answer\"; expected name, type, class, ttl, edns0, cname or rcode"},
      {"rewrite name a", kName},
      {"rewrite name fuzzy a b",
       "Corefile:2:14: names match by \"fuzzy\"; expected exact, prefix, suffix, substring or regex"},
      {"rewrite name regex ( b",
       "Corefile:2:20: \"(\" is no regular expression: missing ): (; expected RE2's syntax, as Go has it"},
      {"rewrite name regex (a) {2}",
       "Corefile:2:24: \"{2}\" speaks of group 2; expected at most 1, which the expression has"},
      {"rewrite name exact a b c", kName},
      {"rewrite name exact a b answer", kName},
      {"rewrite name suffix a b answer auto answer name c d",
       "Corefile:2:1: rewrite has \"answer auto\" and \"answer name\"; expected one of them"},
      {"rewrite name a..b c", "Corefile:2:14: name \"a..b\": label 2 is empty"},
      {"rewrite type A XX", "Corefile:2:16: \"XX\" is no record type; expected one such as \"A\""},
      {"rewrite class XX IN", "Corefile:2:15: \"XX\" is no class; expected IN, CH or HS"},
      {"rewrite ttl a 5-1",
       "Corefile:2:15: ttl is \"5-1\"; expected seconds, or a range of them such as \"30-300\", \"30-\" or \"-300\""},
      {"rewrite ttl a -",
       "Corefile:2:15: ttl is \"-\"; expected seconds, or a range of them such as \"30-300\", \"30-\" or \"-300\""},
      {"rewrite rcode a SERVFAIL 24",
       "Corefile:2:26: \"24\" is no rcode; expected one such as NXDOMAIN, or a number up to 23"},
      {"rewrite edns0 cookie set", "Corefile:2:15: edns0 is \"cookie\"; expected local, nsid or subnet"},
      {"rewrite edns0 local add 1 a", "Corefile:2:21: the action is \"add\"; expected set, append, replace or unset"},
      {"rewrite edns0 local set 0xfffff a",
       "Corefile:2:25: \"0xfffff\" is no option code; expected 0 to 65535, or in hexadecimal such as \"0xffee\""},
      {"rewrite edns0 local set 1 0xabc",
       "Corefile:2:27: \"0xabc\" is no octets in hexadecimal; expected an even number of digits behind \"0x\""},
      {"rewrite edns0 local set 1 {x}",
       "Corefile:2:27: \"{x}\" is no variable; expected {qname}, {qtype}, {client_ip}, {client_port}, {protocol}, "
       "{server_ip}, {server_port} or a label of metadata"},
      {"rewrite edns0 subnet set 33 56", "Corefile:2:26: \"33\" is no length of an IPv4 network; expected 0 to 32"},
      {"rewrite edns0 subnet set 24 129", "Corefile:2:29: \"129\" is no length of an IPv6 network; expected 0 to 128"},
  };
  for (const auto& [lines, expected] : cases) {
    const absl::StatusOr<Options> options = Load(lines);
    EXPECT_EQ(options.ok() ? "none" : std::string(options.status().message()), expected) << lines;
  }
}

}  // namespace
}  // namespace podnamed::config
