// What each simple directive of a server block means, and what it refuses. The larger ones have tests of their own.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/test_directives.h"
#include "server/base/version.h"

namespace podnamed::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Reload, HasCoreDnsDefaultsAndBounds) {
  const auto reload = [](std::string_view directive) {
    const ReloadOptions options = *Block(directive).reload;
    return std::pair(options.interval, options.jitter);
  };
  EXPECT_EQ(reload("reload"), std::pair(absl::Seconds(30), absl::Seconds(15)));
  EXPECT_EQ(reload("reload 10s"), std::pair(absl::Seconds(10), absl::Seconds(5)));
  EXPECT_EQ(reload("reload 2s 1s"), std::pair(absl::Seconds(2), absl::Seconds(1)));
  EXPECT_EQ(reload("reload 1m 0s"), std::pair(absl::Minutes(1), absl::ZeroDuration()));
  EXPECT_FALSE(Block("whoami").reload);
  ExpectRefusals({
      {"reload 0", "Corefile:2:8: the interval of reload is \"0\"; expected a duration such as \"30s\", 2s to 24h"},
      {"reload 30", "Corefile:2:8: the interval of reload is \"30\"; expected a duration such as \"30s\", 2s to 24h"},
      {"reload 30s 500ms",
       "Corefile:2:12: the jitter of reload is \"500ms\"; expected a duration such as \"15s\", 1s to 24h, or 0 for "
       "none"},
      {"reload 30s 1s 1s", "Corefile:2:1: reload has 3 arguments; expected \"reload [INTERVAL] [JITTER]\""},
      {"reload {\n}", "Corefile:2:1: reload has a block; expected \"reload [INTERVAL] [JITTER]\""},
  });
}

TEST(Loop, TakesNothing) {
  EXPECT_TRUE(Block("loop").loop);
  EXPECT_FALSE(Block("whoami").loop);
  ExpectRefusals({{"loop x", "Corefile:2:6: loop takes no argument"}});
}

TEST(Hosts, HasCoreDnsDefaults) {
  const HostsOptions hosts = *Block("hosts").hosts;
  EXPECT_EQ(hosts.file, "/etc/hosts");
  EXPECT_THAT(hosts.zones, ElementsAre(Zone("example.org")));
  EXPECT_EQ(hosts.ttl, 3600);
  EXPECT_TRUE(hosts.reverse);
  EXPECT_EQ(hosts.reload, absl::Seconds(5));
  EXPECT_THAT(hosts.fallthrough, IsEmpty());
}

TEST(Hosts, ReadsEveryProperty) {
  // As k3s and kubespray write it.
  const HostsOptions hosts = *Block(R"(hosts /etc/coredns/NodeHosts Example.org 10.0.0.0/8 {
    10.0.0.1 A.example.org b
    fd00::1 a.example.org
    ttl 60
    reload 15s
    no_reverse
    fallthrough
  })")
                                  .hosts;
  EXPECT_EQ(hosts.file, "/etc/coredns/NodeHosts");
  EXPECT_THAT(hosts.zones, ElementsAre(Zone("example.org"), Zone("10.in-addr.arpa")));
  ASSERT_EQ(hosts.lines.size(), 2);
  EXPECT_EQ(hosts.lines[0].address.ToString(), "10.0.0.1");
  EXPECT_THAT(hosts.lines[0].names, ElementsAre(Zone("a.example.org"), Zone("b")));
  EXPECT_EQ(hosts.ttl, 60);
  EXPECT_FALSE(hosts.reverse);
  EXPECT_EQ(hosts.reload, absl::Seconds(15));
  EXPECT_THAT(hosts.fallthrough, ElementsAre(dns::Name()));
  EXPECT_THAT(Block("hosts {\nfallthrough a b\n}").hosts->fallthrough, ElementsAre(Zone("a"), Zone("b")));
}

TEST(Hosts, RefusesWhatCannotBe) {
  ExpectRefusals({
      {"hosts \"\"",
       "Corefile:2:7: hosts has an empty file (a variable may be unset); expected \"hosts [FILE [ZONE…]]\""},
      {"hosts f a:53",
       "Corefile:2:9: zone \"a:53\" is no domain name; expected one such as \"cluster.local\" or \".\""},
      {"hosts {\n10.0.0.1\n}", "Corefile:3:1: address 10.0.0.1 has no name; expected \"ADDRESS NAME…\""},
      {"hosts {\n10.0.0.1 a..b\n}", "Corefile:3:10: \"a..b\" is no host's name; expected \"ADDRESS NAME…\""},
      {"hosts {\n10.0.0 a\n}",
       "Corefile:3:1: unknown hosts property \"10.0.0\"; expected ttl, no_reverse, reload, fallthrough"},
      {"hosts {\nttl 0\n}", "Corefile:3:5: ttl is \"0\"; expected 1 to 65535 seconds"},
      {"hosts {\nttl 65536\n}", "Corefile:3:5: ttl is \"65536\"; expected 1 to 65535 seconds"},
      {"hosts {\nreload -1s\n}",
       "Corefile:3:8: reload is \"-1s\"; expected a duration such as \"5s\", at most 24h; 0 for never"},
      {"hosts {\nno_reverse yes\n}", "Corefile:3:12: no_reverse takes no argument"},
      {"hosts {\nno-reverse\n}",
       "Corefile:3:1: unknown hosts property \"no-reverse\"; expected ttl, no_reverse, reload, fallthrough; did you "
       "mean \"no_reverse\"?"},
      {"hosts a\nhosts b", "Corefile:3:1: hosts stands here a second time; expected once, first at Corefile:2:1"},
  });
}

TEST(Acl, ReadsPoliciesInTheirOrder) {
  const std::vector<AclOptions> acl = Block(R"(acl {
    ALLOW net 10.0.0.0/8 fd00::1 type A aaaa
    filter type *
    drop net * 10.0.0.1
  }
  acl a b {
    block
  })")
                                          .acl;
  ASSERT_EQ(acl.size(), 2);
  EXPECT_THAT(acl[0].zones, ElementsAre(Zone("example.org")));
  ASSERT_EQ(acl[0].policies.size(), 3);
  EXPECT_EQ(acl[0].policies[0].action, AclPolicy::Action::kAllow);
  EXPECT_THAT(acl[0].policies[0].types, ElementsAre(dns::RecordType::kA, dns::RecordType::kAaaa));
  EXPECT_THAT(acl[0].policies[0].networks,
              ElementsAre(*base::ParseIpNetwork("10.0.0.0/8"), *base::ParseIpNetwork("fd00::1/128")));
  EXPECT_EQ(acl[0].policies[1].action, AclPolicy::Action::kFilter);
  EXPECT_THAT(acl[0].policies[1].types, IsEmpty());
  EXPECT_EQ(acl[0].policies[2].action, AclPolicy::Action::kDrop);
  EXPECT_THAT(acl[0].policies[2].networks, IsEmpty());
  EXPECT_THAT(acl[1].zones, ElementsAre(Zone("a"), Zone("b")));
  EXPECT_EQ(acl[1].policies[0].action, AclPolicy::Action::kBlock);
}

TEST(Acl, RefusesWhatCannotBe) {
  ExpectRefusals({
      {"acl {\ndeny\n}", "Corefile:3:1: unknown acl action \"deny\"; expected allow, block, filter, drop"},
      {"acl {\nblock 10.0.0.0/8\n}", "Corefile:3:7: block is \"10.0.0.0/8\"; expected type or net"},
      {"acl {\nblock type\n}",
       "Corefile:3:7: type names none; expected \"allow|block|filter|drop [type TYPE…] [net ADDRESS|NETWORK…]\""},
      {"acl {\nblock type AA net 10.0.0.0/33\n}",
       "Corefile:3:12: \"AA\" is no record type; expected one such as \"A\", or \"*\"\n"
       "Corefile:3:19: \"10.0.0.0/33\" is no network; expected one such as \"10.0.0.0/8\", an address, or \"*\""},
  });
}

TEST(Autopath, ReadsItsSearchList) {
  FakeEnvironment environment;
  environment.files["/etc/resolv.conf"] = "search old\nsearch Corp.example. lan ..\r\nnameserver 10.0.0.1\n";
  environment.files["path"] = "domain a.example";
  const auto parse = [&](std::string_view directives) {
    return ParseOptions(fmt::format("example.org {{\n{}\n}}", directives), "Corefile", 53, environment);
  };
  const AutopathOptions cluster = *parse("autopath @kubernetes")->blocks[0].autopath;
  EXPECT_TRUE(cluster.of_cluster);
  EXPECT_THAT(cluster.zones, ElementsAre(Zone("example.org")));
  EXPECT_THAT(cluster.search, ElementsAre(Zone("corp.example"), Zone("lan")));
  EXPECT_THAT(parse("autopath @kubernetes")->blocks[0].warnings,
              ElementsAre("Corefile:1:1: autopath @kubernetes does nothing without kubernetes in its block"));
  const AutopathOptions file = *parse("autopath a b path")->blocks[0].autopath;
  EXPECT_FALSE(file.of_cluster);
  EXPECT_THAT(file.zones, ElementsAre(Zone("a"), Zone("b")));
  EXPECT_THAT(file.search, ElementsAre(Zone("a.example")));
  EXPECT_THAT(Block("autopath @kubernetes").autopath->search, IsEmpty()) << "without a file of the host's";
}

TEST(Autopath, RefusesWhatCannotBe) {
  ExpectRefusals({
      {"autopath", "Corefile:2:1: autopath names no search list; expected \"autopath [ZONE…] FILE|@kubernetes\""},
      {"autopath @file",
       "Corefile:2:10: \"@file\" names a plugin without search lists; expected @kubernetes, or the path of a file"},
      {"autopath none",
       "Corefile:2:10: \"none\" cannot be read: No such file or directory; expected a file such as /etc/resolv.conf, "
       "or "
       "@kubernetes"},
      {"autopath a:53 @kubernetes",
       "Corefile:2:10: zone \"a:53\" is no domain name; expected one such as \"cluster.local\" or \".\""},
  });
}

TEST(Loadbalance, ReadsItsPolicy) {
  EXPECT_TRUE(Block("loadbalance").loadbalance.has_value());
  EXPECT_TRUE(Block("loadbalance round_robin").loadbalance.has_value());
  EXPECT_THAT(Block("loadbalance {\nprefer 10.0.0.0/8 fd00::/8\n}").loadbalance->prefer,
              ElementsAre(*base::ParseIpNetwork("10.0.0.0/8"), *base::ParseIpNetwork("fd00::/8")));
  const LoadbalanceOptions weighted = *Block("loadbalance weighted f {\nreload 5s\nprefer 10.0.0.0/8\n}").loadbalance;
  EXPECT_EQ(weighted.weights, "f");
  EXPECT_EQ(weighted.reload, absl::Seconds(5));
  EXPECT_EQ(weighted.prefer.size(), 1u);
  EXPECT_EQ(Block("loadbalance weighted f").loadbalance->reload, absl::Seconds(30));
}

TEST(Loadbalance, RefusesWhatCannotBe) {
  const std::string usage = "; expected \"loadbalance [round_robin | weighted FILE]\"";
  EXPECT_EQ(Errors("loadbalance random"), "Corefile:2:13: loadbalance is \"random\"" + usage);
  EXPECT_EQ(Errors("loadbalance round_robin x"), "Corefile:2:25: loadbalance is \"x\"" + usage);
  EXPECT_EQ(Errors("loadbalance weighted f x"), "Corefile:2:24: loadbalance is \"x\"" + usage);
  EXPECT_EQ(Errors("loadbalance weighted"), "Corefile:2:1: loadbalance weighted names no file" + usage);
  ExpectRefusals({
      {"loadbalance weighted f {\nreload x\n}",
       "Corefile:3:8: reload is \"x\"; expected a duration such as \"30s\", at most 24h; 0 for never"},
      {"loadbalance {\nreload 5s\n}",
       "Corefile:3:1: reload is of a file that is not there; expected \"loadbalance weighted FILE\""},
      {"loadbalance {\nprefer\n}", "Corefile:3:1: prefer names no network; expected \"prefer NETWORK…\""},
      {"loadbalance {\nprefer 10.0.0.1\n}",
       "Corefile:3:8: \"10.0.0.1\" is no network; expected one such as \"10.0.0.0/8\""},
  });
}

TEST(Chaos, ReadsVersionAndAuthors) {
  EXPECT_EQ(Block("chaos").chaos->version, fmt::format("podnamed-{}", base::kVersion));
  EXPECT_THAT(Block("chaos v1").chaos->authors, ElementsAre("the podnamed authors"));
  const ChaosOptions chaos = *Block("chaos CoreDNS-001 \"Z <z@example.org>\" a a").chaos;
  EXPECT_EQ(chaos.version, "CoreDNS-001");
  EXPECT_THAT(chaos.authors, ElementsAre("Z <z@example.org>", "a"));
  EXPECT_THAT(Errors("chaos " + std::string(256, 'v')), ::testing::EndsWith("has 256 octets; expected at most 255"));
}

TEST(Header, ReadsRules) {
  const HeaderOptions header = *Block("header {\nset AA ra\nclear rd\nresponse clear aa\nquery set rd\n}").header;
  ASSERT_EQ(header.of_response.size(), 4);
  EXPECT_EQ(header.of_response[0].flag, HeaderFlag::kAuthoritative);
  EXPECT_TRUE(header.of_response[1].value);
  EXPECT_EQ(header.of_response[2].flag, HeaderFlag::kRecursionDesired);
  EXPECT_FALSE(header.of_response[3].value);
  ASSERT_EQ(header.of_query.size(), 1);
  EXPECT_TRUE(header.of_query[0].value);
  EXPECT_THAT(Block("header {\nquery set aa\n}").warnings,
              ElementsAre("Corefile:2:1: header: aa and ra of a query mean nothing to anybody; only rd does"));
  ExpectRefusals({
      {"header", "Corefile:2:1: header has no rule; expected in its block \"[query|response] set|clear aa|ra|rd…\""},
      {"header {\nunset aa\n}",
       "Corefile:3:1: unknown header rule \"unset\"; expected set, clear, query, response; "
       "did you mean \"set\"?"},
      {"header {\nset ad\n}", "Corefile:3:5: \"ad\" is no flag; expected aa, ra or rd"},
      {"header {\nset\n}", "Corefile:3:1: set names no flag; expected \"[query|response] set|clear aa|ra|rd…\""},
      {"header {\nquery\n}", "Corefile:3:1: the action is \"\"; expected \"[query|response] set|clear aa|ra|rd…\""},
      {"header {\nquery aa\n}",
       "Corefile:3:7: the action is \"aa\"; expected \"[query|response] set|clear aa|ra|rd…\""},
  });
}

TEST(Timeouts, ReadsEach) {
  const TimeoutsOptions timeouts = *Block("timeouts {\nread 5\nwrite 1m\n}").timeouts;
  EXPECT_EQ(timeouts.read, absl::Seconds(5));
  EXPECT_EQ(timeouts.write, absl::Minutes(1));
  EXPECT_FALSE(timeouts.idle.has_value());
  EXPECT_FALSE(timeouts.max_queries.has_value());
  EXPECT_EQ(Block("timeouts {\nmaxtcpqueries 128\n}").timeouts->max_queries, 128u);
  EXPECT_FALSE(Block("timeouts {\nmaxtcpqueries -1\n}").timeouts->max_queries.has_value());
  ExpectRefusals({
      {"timeouts",
       "Corefile:2:1: timeouts has none; expected in its block read, write or idle, each with a duration, "
       "or maxtcpqueries"},
      {"timeouts {\nread 500ms\n}", "Corefile:3:6: read is \"500ms\"; expected a duration such as \"5s\", 1s to 24h"},
      {"timeouts {\nidle 25h\n}", "Corefile:3:6: idle is \"25h\"; expected a duration such as \"5s\", 1s to 24h"},
      {"timeouts {\nmaxtcpqueries 0\n}",
       "Corefile:3:15: maxtcpqueries is \"0\"; expected 1 or more, or -1 for as many as a client likes"},
      {"timeouts {\nmaxtcpqueries\n}",
       "Corefile:3:1: maxtcpqueries has 0 arguments; expected \"maxtcpqueries NUMBER\""},
  });
}

TEST(Tls, ReadsFilesAndWhomItAsks) {
  const auto tls = [](std::string_view directives) {
    const absl::StatusOr<Options> options =
        ParseOptions(fmt::format("tls://. {{\n{}\n}}", directives), "Corefile", 53, FakeEnvironment());
    EXPECT_TRUE(options.ok()) << options.status();
    EXPECT_THAT(options->blocks[0].warnings, IsEmpty());
    return *options->blocks[0].tls;
  };
  EXPECT_EQ(tls("tls c.pem k.pem").place, "Corefile:2:1");
  EXPECT_EQ(tls("tls c.pem k.pem"), (TlsOptions{"", "c.pem", "k.pem", ""}));
  EXPECT_EQ(tls("tls c.pem /k.pem ca.pem\nroot /etc/coredns"),
            (TlsOptions{"", "/etc/coredns/c.pem", "/k.pem", "/etc/coredns/ca.pem"}));
  EXPECT_EQ(tls("tls c k {\nclient_auth require_and_verify\n}").client_auth, ClientAuth::kRequireAndVerify);
  EXPECT_EQ(tls("tls c k {\nclient_auth nocert\n}").client_auth, ClientAuth::kNoCert);
  EXPECT_THAT(Block("tls c k").warnings,
              ElementsAre("Corefile:2:1: tls: nothing is encrypted, for no key of the server block is \"tls://\""));
  EXPECT_THAT(ParseOptions("tls://. {\ntls c k\nloop\n}", "Corefile", 53, FakeEnvironment())->blocks[0].warnings,
              ElementsAre("Corefile:1:1: loop looks for none: it asks over UDP, and every key of its block is "
                          "\"tls://\""));
  EXPECT_THAT(ParseOptions("tls://. . {\ntls c k\nloop\n}", "Corefile", 53, FakeEnvironment())->blocks[0].warnings,
              IsEmpty());
  ExpectRefusals({
      {"tls c", "Corefile:2:1: tls has 1 arguments; expected \"tls CERT KEY [CA]\""},
      {"tls c k a b", "Corefile:2:1: tls has 4 arguments; expected \"tls CERT KEY [CA]\""},
      {"tls \"\" k", "Corefile:2:5: tls has an empty file (a variable may be unset); expected \"tls CERT KEY [CA]\""},
      {"tls c k {\nclient_auth verify\n}",
       "Corefile:3:13: client_auth is \"verify\"; expected nocert, request, require, verify_if_given or "
       "require_and_verify"},
      {"tls c k {\nclient_auth requier\n}",
       "Corefile:3:13: client_auth is \"requier\"; expected nocert, request, require, verify_if_given or "
       "require_and_verify; did you mean \"require\"?"},
      {"tls c k {\nkeylog f\n}",
       "Corefile:3:1: tls property \"keylog\" is known to CoreDNS, not supported by podnamed; remove it: podnamed "
       "gives "
       "the keys of its connections to nobody"},
  });
}

TEST(Nsid, ReadsItsData) {
  EXPECT_EQ(Block("nsid").nsid, "");
  EXPECT_EQ(Block("nsid Use The Force").nsid, "Use The Force");
  EXPECT_EQ(Errors("nsid " + std::string(129, 'n')), "Corefile:2:6: nsid has 129 octets; expected at most 128");
}

TEST(Bufsize, ReadsASize) {
  EXPECT_EQ(Block("bufsize").bufsize, 1232);
  EXPECT_EQ(Block("bufsize 512").bufsize, 512);
  EXPECT_THAT(Block("bufsize 1232").warnings, IsEmpty());
  EXPECT_THAT(Block("bufsize 4096").warnings,
              ElementsAre("Corefile:2:9: bufsize 4096: a reply of podnamed over UDP has at most 1232 octets"));
  ExpectRefusals({
      {"bufsize 511", "Corefile:2:9: bufsize is \"511\"; expected 512 to 4096 octets"},
      {"bufsize 4097", "Corefile:2:9: bufsize is \"4097\"; expected 512 to 4096 octets"},
      {"bufsize 1 2", "Corefile:2:1: bufsize has 2 arguments; expected \"bufsize [OCTETS]\""},
  });
}

TEST(Cancel, ReadsADuration) {
  EXPECT_EQ(Block("cancel").cancel, absl::Milliseconds(5001));
  EXPECT_EQ(Block("cancel 1s").cancel, absl::Seconds(1));
  ExpectRefusals({
      {"cancel 0", "Corefile:2:8: cancel is \"0\"; expected a duration such as \"5s\", above 0, at most 1m"},
      {"cancel 5", "Corefile:2:8: cancel is \"5\"; expected a duration such as \"5s\", above 0, at most 1m"},
  });
}

TEST(Root, IsWhereRelativePathsBegin) {
  EXPECT_EQ(Block("root /etc/coredns").InRoot("hosts"), "/etc/coredns/hosts");
  EXPECT_EQ(Block("root /etc/coredns").InRoot("/etc/hosts"), "/etc/hosts");
  EXPECT_EQ(Block("").InRoot("hosts"), "hosts");
  EXPECT_EQ(Errors("root"), "Corefile:2:1: root has 0 arguments; expected \"root DIRECTORY\"");
}

TEST(BareDirectives, AreOneWord) {
  const ServerBlockOptions block = Block("any\nlocal\nminimal\nwhoami");
  EXPECT_TRUE(block.any && block.local && block.minimal && block.whoami);
  EXPECT_FALSE(Block("any").local);
  ExpectRefusals({
      {"any thing", "Corefile:2:5: any takes no argument"},
      {"whoami {\n}", "Corefile:2:1: whoami has a block; expected \"whoami\""},
  });
}

TEST(Metadata, IsOfItsZones) {
  EXPECT_FALSE(Block("whoami").metadata.has_value());
  EXPECT_THAT(*Block("metadata").metadata, ElementsAre(Zone("example.org")));
  EXPECT_THAT(*Block("metadata A 10.0.0.0/8").metadata, ElementsAre(Zone("a"), Zone("10.in-addr.arpa")));
  ExpectRefusals({
      {"metadata a:53",
       "Corefile:2:10: zone \"a:53\" is no domain name; expected one such as \"cluster.local\" or \".\""},
      {"metadata {\nmap a b\n}", "Corefile:2:1: metadata has a block; expected \"metadata [ZONE…]\""},
  });
}

TEST(Pprof, SaysWhatToUseInstead) {
  EXPECT_EQ(Errors("pprof :6060"),
            "Corefile:2:1: pprof is the profiler of Go programs, and podnamed is none; expected no such line: \"perf "
            "record -g -p PID\" profiles it as it runs, and prometheus tells its memory and CPU time");
}

TEST(Debug, IsTakenWithAWarning) {
  EXPECT_THAT(Block("debug").warnings, ElementsAre(::testing::StartsWith("Corefile:2:1: debug changes nothing: ")));
  EXPECT_EQ(Errors("debug me"), "Corefile:2:7: debug takes no argument");
}

}  // namespace
}  // namespace podnamed::config
