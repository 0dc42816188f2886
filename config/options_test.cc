#include "config/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/fake_environment.h"

namespace podnamed::config {
namespace {

FakeEnvironment TestEnvironment() {
  FakeEnvironment environment;
  environment.interfaces = {{"lo", {*base::ParseIpAddress("127.0.0.1"), *base::ParseIpAddress("::1")}}, {"down0", {}}};
  environment.files = {{"sources", "manifests /cluster\n"}, {"bad", "\n  forwad . 1.1.1.1\n"}};
  environment.variables = {{"POD_ZONE", "pods.example"}};
  return environment;
}

std::string ToText(const ServerBlockOptions& block) {
  std::string text = fmt::format("{}", block.place);
  for (const ServerKey& key : block.keys) text += fmt::format(" {}:{}", key.zone.ToText(), key.port);
  for (const base::IpAddress& address : block.bind) text += fmt::format(" bind {}", address.ToString());
  if (block.kubernetes) {
    text += " kubernetes";
    for (const dns::Name& zone : block.kubernetes->answers.zones) text += fmt::format(" {}", zone.ToText());
    if (const auto* manifests = std::get_if<ManifestsSource>(&block.kubernetes->source)) {
      text += fmt::format(" manifests {}", manifests->directory);
    }
    if (const auto* feed = std::get_if<FeedSource>(&block.kubernetes->source)) {
      text += fmt::format(" feed {}", feed->address);
    }
    text += fmt::format(" ttl {}", block.kubernetes->answers.ttl);
  }
  return text;
}

// One line per server block, or the errors.
std::string Load(std::string_view corefile) {
  FakeEnvironment environment = TestEnvironment();
  environment.files["Corefile"] = std::string(corefile);
  const absl::StatusOr<Options> options = LoadOptions("Corefile", 53, environment);
  if (!options.ok()) return std::string(options.status().message());
  std::vector<std::string> lines;
  for (const ServerBlockOptions& block : options->blocks) lines.push_back(ToText(block));
  return fmt::format("{}", fmt::join(lines, "\n"));
}

struct Case {
  std::string_view corefile;
  std::string_view result;
};

TEST(LoadOptions, ReadsWhatTheServerNeeds) {
  for (const Case& c : std::vector<Case>{
           {".", "Corefile:1:1 .:53"},
           {". {\n}\n", "Corefile:1:1 .:53"},
           {"# cluster\ncluster.local:5353, 10.0.0.0/16 {\n  kubernetes {\n    manifests examples/cluster\n  }\n}\n",
            "Corefile:2:1 cluster.local.:5353 0.10.in-addr.arpa.:53 kubernetes cluster.local. 0.10.in-addr.arpa. "
            "manifests examples/cluster ttl 5"},
           {".:53 {\n kubernetes Cluster.Local in-addr.arpa cluster.local fd00::/8 {\n  feed unix:///run/feed.sock\n  "
            "ttl 0\n }\n}",
            "Corefile:1:1 .:53 kubernetes cluster.local. in-addr.arpa. d.f.ip6.arpa. feed unix:///run/feed.sock ttl 0"},
           {"{$POD_ZONE} {\n kubernetes {\n  feed [fd00::7]:9550\n  ttl 3600\n }\n}",
            "Corefile:1:1 pods.example.:53 kubernetes pods.example. feed [fd00::7]:9550 ttl 3600"},
           {". {\n bind lo 10.0.0.1 ::1\n bind 10.0.0.2\n}",
            "Corefile:1:1 .:53 bind 127.0.0.1 bind ::1 bind 10.0.0.1 bind 10.0.0.2"},
           {"a {\n kubernetes {\n  import sources\n }\n}\nb {\n}",
            "Corefile:1:1 a.:53 kubernetes a. manifests /cluster ttl 5\nCorefile:6:1 b.:53"},
           {".:53 {\n}\n.:54 {\n}", "Corefile:1:1 .:53\nCorefile:3:1 .:54"},
       }) {
    EXPECT_EQ(Load(c.corefile), c.result) << c.corefile;
  }
}

TEST(LoadOptions, AcceptsEveryFormOfFeedAddress) {
  for (const std::string_view address : {"unix:///run/podnamed/feed.sock", "unix:feed.sock", "unix:/feed.sock",
                                         "controller:9550", "controller.ns.svc:1", "10.0.0.7:65535", "[::1]:9550"}) {
    const std::string corefile = fmt::format("a {{\n kubernetes {{\n  feed {}\n }}\n}}", address);
    EXPECT_EQ(Load(corefile), fmt::format("Corefile:1:1 a.:53 kubernetes a. feed {} ttl 5", address));
  }
}

TEST(LoadOptions, ReadsEveryPropertyOfKubernetes) {
  const auto answers = [](std::string_view properties) {
    const std::string corefile =
        fmt::format("cluster.local clusterset.local {{\n kubernetes {{\n manifests x\n {}\n }}\n}}", properties);
    const FakeEnvironment environment = TestEnvironment();
    const absl::StatusOr<Options> options = ParseOptions(corefile, "Corefile", 53, environment);
    EXPECT_TRUE(options.ok()) << options.status();
    return options->blocks[0].kubernetes->answers;
  };
  EXPECT_EQ(answers("").pods, resolve::PodRecords::kDisabled);
  EXPECT_EQ(answers("pods insecure").pods, resolve::PodRecords::kInsecure);
  EXPECT_EQ(answers("pods verified").pods, resolve::PodRecords::kVerified);
  EXPECT_THAT(answers("namespaces a b\n namespaces c").namespaces, ::testing::ElementsAre("a", "b", "c"));
  EXPECT_EQ(answers("labels app=web, tier").service_selector,
            state::LabelSelector({{"app", state::LabelRequirement::Operator::kIn, {"web"}},
                                  {"tier", state::LabelRequirement::Operator::kExists, {}}}));
  EXPECT_EQ(answers("namespace_labels !legacy").namespace_selector,
            state::LabelSelector({{"legacy", state::LabelRequirement::Operator::kDoesNotExist, {}}}));
  EXPECT_FALSE(answers("").ignore_empty_services);
  EXPECT_TRUE(answers("ignore empty_service").ignore_empty_services);
  EXPECT_TRUE(answers("").endpoints);
  EXPECT_FALSE(answers("noendpoints").endpoints);
  EXPECT_TRUE(answers("endpoint_pod_names").endpoint_pod_names);
  EXPECT_TRUE(answers("zonal").zonal);
  EXPECT_FALSE(answers("").short_names) << "an unchanged Corefile of CoreDNS means what it meant";
  EXPECT_TRUE(answers("shortnames").short_names);
  EXPECT_TRUE(answers("").reasons);
  EXPECT_FALSE(answers("reasons off").reasons);
  EXPECT_FALSE(answers("").fallthrough.has_value());
  EXPECT_THAT(*answers("fallthrough").fallthrough, ::testing::ElementsAre(dns::Name()));
  EXPECT_THAT(*answers("fallthrough In-Addr.arpa 10.0.0.0/8").fallthrough,
              ::testing::ElementsAre(*dns::Name::FromText("in-addr.arpa"), *dns::Name::FromText("10.in-addr.arpa")));
  EXPECT_THAT(answers("multicluster clusterset.local").clusterset_zones,
              ::testing::ElementsAre(*dns::Name::FromText("clusterset.local")));
}

TEST(LoadOptions, ReadsWhereMachinesLookAtTheServer) {
  const auto block = [](std::string_view directives) {
    const FakeEnvironment environment = TestEnvironment();
    const absl::StatusOr<Options> options =
        ParseOptions(fmt::format(". {{\n{}\n}}", directives), "Corefile", 53, environment);
    EXPECT_TRUE(options.ok()) << options.status();
    return options->blocks[0];
  };
  EXPECT_FALSE(block("").health.has_value());
  EXPECT_FALSE(block("").ready.has_value());
  EXPECT_FALSE(block("").prometheus.has_value());
  EXPECT_EQ(block("health").health->endpoint.ToString(), ":8080");
  EXPECT_EQ(block("health").health->lameduck, absl::ZeroDuration());
  EXPECT_EQ(block("health 127.0.0.1:18080 {\n lameduck 1m30s\n}").health->endpoint.ToString(), "127.0.0.1:18080");
  EXPECT_EQ(block("health {\n lameduck 1m30s\n}").health->lameduck, absl::Seconds(90));
  EXPECT_EQ(block("ready").ready->ToString(), ":8181");
  EXPECT_EQ(block("ready [::1]:0 {\n monitor continuously\n}").ready->ToString(), "[::1]:0");
  EXPECT_EQ(block("ready {\n monitor until-ready\n}").ready->ToString(), ":8181");
  EXPECT_EQ(block("prometheus").prometheus->ToString(), "127.0.0.1:9153");
  EXPECT_EQ(block("prometheus :9153").prometheus->ToString(), ":9153");
}

TEST(LoadOptions, RefusesPagesForMachinesThatCannotBe) {
  constexpr std::string_view kExpected =
      "is no address to listen on; expected \":PORT\", \"IP:PORT\" (an IPv6 address in brackets) or \"localhost:PORT\"";
  for (const auto& [directive, error] : std::vector<std::pair<std::string_view, std::string>>{
           {"health 8080", fmt::format("Corefile:2:8: \"8080\" {}", kExpected)},
           {"ready dns.example:8181", fmt::format("Corefile:2:7: \"dns.example:8181\" {}", kExpected)},
           {"prometheus \"\"", fmt::format("Corefile:2:12: \"\" {}", kExpected)},
           {"health :1 :2", "Corefile:2:1: health has 2 arguments; expected \"health [ADDRESS]\""},
           {"ready :1 :2", "Corefile:2:1: ready has 2 arguments; expected \"ready [ADDRESS]\""},
           {"prometheus :1 :2", "Corefile:2:1: prometheus has 2 arguments; expected \"prometheus [ADDRESS]\""},
           {"health\nhealth :1",
            "Corefile:3:1: health stands here a second time; expected once, first at Corefile:2:1"},
           {"health {\nlamedcuk 5s\n}",
            "Corefile:3:1: unknown health property \"lamedcuk\"; expected lameduck; did you mean \"lameduck\"?"},
           {"health {\nlameduck\n}", "Corefile:3:1: lameduck has 0 arguments; expected \"lameduck DURATION\""},
           {"health {\nlameduck 5\n}",
            "Corefile:3:10: lameduck is \"5\"; expected a duration such as \"5s\", at most 1h"},
           {"health {\nlameduck -1s\n}",
            "Corefile:3:10: lameduck is \"-1s\"; expected a duration such as \"5s\", at most 1h"},
           {"health {\nlameduck inf\n}",
            "Corefile:3:10: lameduck is \"inf\"; expected a duration such as \"5s\", at most 1h"},
           {"ready {\nmonitors x\n}",
            "Corefile:3:1: unknown ready property \"monitors\"; expected monitor; did you mean \"monitor\"?"},
           {"ready {\nmonitor sometimes\n}",
            "Corefile:3:9: monitor is \"sometimes\"; expected until-ready or continuously"},
           {"prometheus {\nttl 5\n}", "Corefile:3:1: unknown prometheus property \"ttl\"; expected none"},
           {"heath",
            "Corefile:2:1: unknown plugin \"heath\"; expected one that podnamed -plugins lists; did you mean "
            "\"health\"?"},
       }) {
    EXPECT_EQ(Load(fmt::format("a {{\n{}\n}}", directive)), error) << directive;
  }
}

TEST(LoadOptions, RefusesPropertiesOfKubernetesThatCannotBe) {
  for (const auto& [properties, error] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"pods some", "Corefile:3:6: pods is \"some\"; expected disabled, insecure or verified"},
           {"namespaces", "Corefile:3:1: namespaces names none; expected \"namespaces NAME…\""},
           {"labels", "Corefile:3:1: the selector ends; expected a label"},
           {"labels a in b", "Corefile:3:8: \"b\" in the selector; expected \"(\" and values"},
           {"ignore all", "Corefile:3:8: ignore is \"all\"; expected \"ignore empty_service\""},
           {"zonal yes", "Corefile:3:7: zonal takes no argument"},
           {"reasons maybe", "Corefile:3:9: reasons is \"maybe\"; expected on or off"},
           {"zonal\nnoendpoints", "Corefile:2:1: kubernetes has zonal and noendpoints; expected one of them"},
           {"namespaces a\nnamespace_labels b",
            "Corefile:4:1: kubernetes has namespaces (at Corefile:3:1) and namespace_labels; expected one of them"},
           {"multicluster b",
            "Corefile:3:1: multicluster zone b. is none of this kubernetes; expected it among the zones behind "
            "\"kubernetes\""},
           {"multicluster", "Corefile:3:1: multicluster names no zone; expected \"multicluster ZONE…\""},
       }) {
    EXPECT_EQ(Load(fmt::format("a {{\nkubernetes {{\n{}\nmanifests x\n}}\n}}", properties)), error) << properties;
  }
  const std::string long_zone = fmt::format("{0}.{0}.{0}.{1}", std::string(63, 'z'), std::string(52, 'z'));
  EXPECT_THAT(Load(fmt::format("a {{\nkubernetes {} {{\nmanifests x\n}}\n}}", long_zone)),
              ::testing::HasSubstr("has no room for the names in it; expected at most 244 octets"));
}

TEST(LoadOptions, OneZoneMayHaveABlockForEachAddress) {
  EXPECT_EQ(Load("a {\n bind 127.0.0.1\n}\na {\n bind ::1\n}"),
            "Corefile:1:1 a.:53 bind 127.0.0.1\nCorefile:4:1 a.:53 bind ::1");
}

TEST(LoadOptions, TheFingerprintIsOfTheWordsAfterImports) {
  const auto fingerprint = [](std::string_view text, std::string_view imported) {
    FakeEnvironment environment;
    environment.files = {{"zones", std::string(imported)}};
    const absl::StatusOr<Options> options = ParseOptions(text, "Corefile", 53, environment);
    EXPECT_TRUE(options.ok()) << options.status();
    return options.ok() ? options->fingerprint : "";
  };
  const std::string one = fingerprint("a {\n import zones\n}", "whoami");
  EXPECT_EQ(one.size(), 128);
  EXPECT_EQ(fingerprint("# a comment\n a {\n\n whoami }", ""), one);
  EXPECT_NE(fingerprint("a {\n import zones\n}", "whoami\nany"), one);
  EXPECT_NE(fingerprint("a {\n}\nwhoami {\n}", ""), one);
  EXPECT_NE(fingerprint("a b {\n whoami\n}", ""), one);
  EXPECT_NE(fingerprint("ab {\n bind ::1 }", ""), fingerprint("ab {\n bind ::1 ::2 }", ""));
}

TEST(LoadOptions, RefusesWithPlaceAndExpectation) {
  const std::string long_path = "unix:/" + std::string(107, 'p');
  const std::string long_feed = fmt::format("a {{\n kubernetes {{\n  feed {}\n }}\n}}", long_path);
  const std::string long_feed_error =
      fmt::format("Corefile:3:8: feed \"{}…\" has a path of 108 octets; expected at most 107", long_path.substr(0, 80));
  for (const Case& c : std::vector<Case>{
           {"", "Corefile:1:1: no server block; expected at least one, such as \". { … }\""},
           {"# nothing", "Corefile:1:1: no server block; expected at least one, such as \". { … }\""},
           // Server blocks.
           {"a:53 a {\n}",
            "Corefile:1:6: zone a. on port 53 stands here a second time; expected once, first at Corefile:1:1"},
           {"a {\n}\nb A {\n}",
            "Corefile:3:3: zone a. on port 53 stands here a second time; expected once, first at Corefile:1:1"},
           {"a {\n bind 127.0.0.1\n}\na {\n bind ::1 127.0.0.1\n}",
            "Corefile:4:1: zone a. on port 53 stands here a second time; expected once, first at Corefile:1:1"},
           {"a {\n}\na {\n bind ::1\n}",
            "Corefile:3:1: zone a. on port 53 stands here a second time; expected once, first at Corefile:1:1"},
           {"a {\n bind ::1\n}\na {\n}",
            "Corefile:4:1: zone a. on port 53 stands here a second time; expected once, first at Corefile:1:1"},
           {"https://a {\n}",
            "Corefile:1:1: \"https://\" is known to CoreDNS, not supported by podnamed; expected \"dns://\" or "
            "\"tls://\""},
           // TLS.
           {"tls://a b {\n}",
            "Corefile:1:1: tls://a.:853 has no certificate; expected \"tls CERT KEY\" in its server block"},
           {"tls://a:53 {\n tls c k\n}\nb {\n}",
            "Corefile:4:1: port 53 is here not for TLS, and for TLS at Corefile:1:1; expected one of them"},
           {"a b:853 tls://c {\n tls c k\n}",
            "Corefile:1:9: port 853 is here for TLS, and not at Corefile:1:3; expected one of them"},
           {"tls://a {\n bind ::1\n tls c k\n}\ntls://b {\n bind 127.0.0.1 ::1\n tls c k2\n}",
            "Corefile:5:1: port 853 has another certificate or client_auth by Corefile:7:2 than by Corefile:3:2; "
            "expected the same"},
           {"tls://a {\n tls c k\n}\ntls://b {\n root /r\n tls c k\n}",
            "Corefile:4:1: port 853 has another certificate or client_auth by Corefile:6:2 than by Corefile:2:2; "
            "expected the same"},
           {"tls://a {\n tls c k\n tls c k\n}",
            "Corefile:3:2: tls stands here a second time; expected once, first at Corefile:2:2"},
           // Plugins.
           {"a {\n kubernets {\n  feed x:1\n }\n}",
            "Corefile:2:2: unknown plugin \"kubernets\"; expected one that podnamed -plugins lists; did you "
            "mean \"kubernetes\"?"},
           {"a {\n frobnicate\n}",
            "Corefile:2:2: unknown plugin \"frobnicate\"; expected one that podnamed -plugins lists"},
           {"a {\n import bad\n}",
            "bad:2:3: unknown plugin \"forwad\"; expected one that podnamed -plugins lists; did you mean "
            "\"forward\"? (imported at "
            "Corefile:2:2)"},
           {"(s) {\n lgo\n}\na {\n import s\n}\nb {\n import s\n}",
            "Corefile:2:2: unknown plugin \"lgo\"; expected one that podnamed -plugins lists; did you mean "
            "\"log\"? (imported at "
            "Corefile:5:2)"},
           // bind
           {"a {\n bind\n}", "Corefile:2:2: bind has 0 arguments; expected \"bind ADDRESS|INTERFACE…\""},
           {"a {\n bind eth7 down0 \"\"\n}",
            "Corefile:2:7: \"eth7\" is neither an address nor an interface (no such interface); expected one of them\n"
            "Corefile:2:12: interface \"down0\" has no address to bind; expected one\n"
            "Corefile:2:18: \"\" is neither an address nor an interface (no such interface); expected one of them"},
           {"a {\n bind lo {\n  except ::1\n  exept ::1\n }\n}",
            "Corefile:4:3: unknown bind property \"exept\"; expected except; did you mean \"except\"?"},
           {"a {\n bind lo {\n  except lo\n  except\n  except eth7 { }\n }\n}",
            "Corefile:2:2: bind has no address left; expected one that except does not name\n"
            "Corefile:4:3: except has 0 arguments; expected \"except ADDRESS|INTERFACE…\"\n"
            "Corefile:5:3: except has a block; expected \"except ADDRESS|INTERFACE…\"\n"
            "Corefile:5:10: \"eth7\" is neither an address nor an interface (no such interface); expected one of them"},
           {"a {\n tsig\n multisocket 4\n}",
            "Corefile:2:2: plugin \"tsig\" is known to CoreDNS, not supported by podnamed; remove it: acl and transfer "
            "go "
            "by addresses\n"
            "Corefile:3:2: plugin \"multisocket\" is known to CoreDNS, not supported by podnamed; remove it: each "
            "worker "
            "has a socket of its own, and the flag -workers says how many there are"},
           // kubernetes
           {"a {\n kubernetes\n}",
            "Corefile:2:2: kubernetes has no source, and this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not "
            "set); "
            "expected in its block \"endpoint URL\" or \"kubeconfig FILE\" (an API server), \"manifests DIRECTORY\" "
            "(Kubernetes objects in files) or \"feed ADDRESS\" (a podname-controller)"},
           {"a {\n kubernetes {\n  manifests x\n  endpoint https://10.0.0.1\n }\n}",
            "Corefile:4:3: endpoint is for the source that is an API server, and kubernetes has manifests"},
           {"a {\n kubernetes {\n  endpoint x\n  tls a b\n  startup_timeout 5\n  hold_removals 101\n }\n}",
            "Corefile:4:3: tls has 2 arguments; expected \"tls CERTIFICATE KEY CA\"\n"
            "Corefile:5:19: startup_timeout is \"5\"; expected a duration such as 5s, at most 1h\n"
            "Corefile:6:17: hold_removals is \"101\"; expected 0 to 100 percent"},
           {"a {\n kubernetes {\n  kubeconfig a b c\n }\n}",
            "Corefile:3:3: kubeconfig has 3 arguments; expected \"kubeconfig FILE [CONTEXT]\""},
           {"a {\n kubernetes {\n  manifests x\n }\n kubernetes {\n  manifests y\n }\n}",
            "Corefile:5:2: kubernetes stands here a second time; expected once, first at Corefile:2:2"},
           {"a {\n kubernetes {\n  manifests x\n  feed y:1\n }\n}",
            "Corefile:4:3: kubernetes has two sources; expected manifests (at Corefile:3:3) or feed, not both"},
           {"a {\n kubernetes {\n  manifests x\n  manifests y\n }\n}",
            "Corefile:4:3: manifests stands here a second time; expected once, first at Corefile:3:3"},
           {"a {\n kubernetes {\n  manifests {$UNSET}\n }\n}",
            "Corefile:3:13: manifests has an empty argument (a variable may be unset); expected \"manifests "
            "DIRECTORY\""},
           {"a {\n kubernetes {\n  manifests\n  ttl 1 2\n }\n}",
            "Corefile:3:3: manifests has 0 arguments; expected \"manifests DIRECTORY\"\n"
            "Corefile:4:3: ttl has 2 arguments; expected \"ttl SECONDS\""},
           {"a {\n kubernetes {\n  manifests x {\n   y\n  }\n }\n}",
            "Corefile:3:3: manifests has a block; expected \"manifests DIRECTORY\""},
           {"10.0.0.0/8 {\n kubernetes {\n  manifests x\n }\n}",
            "Corefile:2:2: kubernetes has reverse zones only; expected a zone for names, such as \"cluster.local\""},
           {"a {\n kubernetes a:53 \"\" {\n  manifests x\n }\n}",
            "Corefile:2:13: zone \"a:53\" is no domain name; expected one such as \"cluster.local\" or \".\"\n"
            "Corefile:2:18: zone \"\" is no domain name; expected one such as \"cluster.local\" or \".\""},
           {"a {\n kubernetes {\n  manifests x\n  ttl 3601\n }\n}",
            "Corefile:4:7: ttl is \"3601\"; expected 0 to 3600 seconds"},
           {"a {\n kubernetes {\n  manifests x\n  ttl 5s\n }\n}",
            "Corefile:4:7: ttl is \"5s\"; expected 0 to 3600 seconds"},
           {"a {\n kubernetes {\n  manifests x\n  ttl -1\n }\n}",
            "Corefile:4:7: ttl is \"-1\"; expected 0 to 3600 seconds"},
           {"a {\n kubernetes {\n  manifests x\n  tll 5\n  resyncperiod 1\n }\n}",
            "Corefile:4:3: unknown kubernetes property \"tll\"; expected manifests, feed, ttl, pods, "
            "endpoint_pod_names, namespaces, namespace_labels, labels, ignore, noendpoints, fallthrough, multicluster, "
            "zonal, shortnames, reasons, endpoint, tls, kubeconfig, startup_timeout, hold_removals; did you mean "
            "\"ttl\"?\n"
            "Corefile:5:3: unknown kubernetes property \"resyncperiod\"; expected manifests, feed, ttl, pods, "
            "endpoint_pod_names, namespaces, namespace_labels, labels, ignore, noendpoints, fallthrough, multicluster, "
            "zonal, shortnames, reasons, endpoint, tls, kubeconfig, startup_timeout, hold_removals"},
           // feed
           {"a {\n kubernetes {\n  feed /run/feed.sock\n }\n}",
            "Corefile:3:8: feed \"/run/feed.sock\" is a path; expected \"unix:///run/feed.sock\""},
           {"a {\n kubernetes {\n  feed \"/a\nb\"\n }\n}",
            "Corefile:3:8: feed \"/a\\nb\" is a path; expected \"unix:///a\\nb\""},
           {"a {\n kubernetes {\n  feed\n  manifests x\n }\n}",
            "Corefile:3:3: feed has 0 arguments; expected \"feed ADDRESS\"\n"
            "Corefile:4:3: kubernetes has two sources; expected feed (at Corefile:3:3) or manifests, not both"},
           {"a {\n kubernetes {\n  feed unix://run/feed.sock\n }\n}",
            "Corefile:3:8: feed \"unix://run/feed.sock\" has no absolute path; expected \"unix:///PATH\""},
           {"a {\n kubernetes {\n  feed unix:\n }\n}",
            "Corefile:3:8: feed \"unix:\" has no absolute path; expected \"unix:///PATH\""},
           {long_feed, long_feed_error},
           {"a {\n kubernetes {\n  feed controller\n }\n}",
            "Corefile:3:8: feed \"controller\" is no address; expected \"unix:///PATH\" or \"HOST:PORT\""},
           {"a {\n kubernetes {\n  feed ::1:9550\n }\n}",
            "Corefile:3:8: feed \"::1:9550\" is no address; expected \"unix:///PATH\" or \"HOST:PORT\""},
           {"a {\n kubernetes {\n  feed controller:0\n }\n}",
            "Corefile:3:8: feed \"controller:0\" is no address; expected \"unix:///PATH\" or \"HOST:PORT\""},
           {"a {\n kubernetes {\n  feed http://controller:80\n }\n}",
            "Corefile:3:8: feed \"http://controller:80\" is no address; expected \"unix:///PATH\" or \"HOST:PORT\""},
       }) {
    EXPECT_EQ(Load(c.corefile), c.result) << c.corefile;
  }
}

TEST(LoadOptions, AMissingFileMakesNothingElseMissing) {
  EXPECT_EQ(
      Load("a {\n kubernetes {\n  import source\n  ttl x\n }\n}"),
      "Corefile:3:3: \"source\" is neither a snippet defined above nor a file (\"source\"); expected one of them\n"
      "Corefile:4:7: ttl is \"x\"; expected 0 to 3600 seconds");
}

TEST(LoadOptions, ListsEveryErrorInItsOrder) {
  EXPECT_EQ(Load("a {\n kubernetes {\n  feed x\n  ttl y\n }\n foo\n}\na:0x {\n}\nb {\n"),
            "Corefile:3:8: feed \"x\" is no address; expected \"unix:///PATH\" or \"HOST:PORT\"\n"
            "Corefile:4:7: ttl is \"y\"; expected 0 to 3600 seconds\n"
            "Corefile:6:2: unknown plugin \"foo\"; expected one that podnamed -plugins lists\n"
            "Corefile:8:1: port \"0x\" is none; expected 0 to 65535\n"
            "Corefile:10:3: \"{\" is never closed; expected \"}\" before the end of the file");
}

TEST(LoadOptions, CountsWhatIsTooMuchToList) {
  std::string corefile = "a {\n";
  for (int i = 0; i < 1100; ++i) corefile += " foo\n";
  EXPECT_THAT(Load(corefile + "}"), testing::EndsWith("\nand 100 more errors"));
}

TEST(LoadOptions, NamesAFileThatCannotBeRead) {
  EXPECT_EQ(LoadOptions("etc/Corefile", 53, FakeEnvironment()).status(),
            absl::NotFoundError("etc/Corefile cannot be read: No such file or directory"));
}

TEST(LoadOptions, WithoutACorefileThereIsCoreDnssDefault) {
  FakeEnvironment environment;
  const absl::StatusOr<Options> options = LoadOptionsOrDefault("Corefile", 1053, environment);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(options->is_default);
  ASSERT_EQ(options->blocks.size(), 1);
  EXPECT_EQ(options->blocks[0].keys[0].ToText(), ".:1053");
  EXPECT_THAT(options->blocks[0].plugins, ::testing::ElementsAre("log", "whoami"));

  environment.files["Corefile"] = "a {\n}";
  EXPECT_EQ(LoadOptionsOrDefault("Corefile", 53, environment)->blocks[0].keys[0].zone.ToText(), "a.");
  EXPECT_FALSE(LoadOptionsOrDefault("Corefile", 53, environment)->is_default);
  environment.files["Corefile"] = "";
  EXPECT_FALSE(LoadOptionsOrDefault("Corefile", 53, environment).ok()) << "an empty one is there";
}

TEST(LoadOptions, TakesTheDefaultPort) {
  const absl::StatusOr<Options> options = ParseOptions(". {\n}\na:53 {\n}", "Corefile", 1053, FakeEnvironment());
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->blocks[0].keys[0].port, 1053);
  EXPECT_EQ(options->blocks[1].keys[0].port, 53);
}

}  // namespace
}  // namespace podnamed::config
