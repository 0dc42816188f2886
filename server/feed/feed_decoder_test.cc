#include "server/feed/feed_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "server/dns/name.h"
#include "server/feed/test_messages.h"

namespace podnamed::feed {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// What is said about a record that is not taken; empty if it is.
std::string WhyRejected(const v1::Record& record) { return std::string(DecodeRecord(record).status().message()); }

std::string WhyRejected(const std::string& text) { return WhyRejected(Parse<v1::Record>(text)); }

// Records that are right in all but what a test changes.
v1::Record WithIdentity(const std::function<void(v1::PodIdentity&)>& change) {
  auto record = Parse<v1::Record>(R"(pod_identity {
    namespace: "default" service: "nginx" name: "web-0" is_pod: true hostname: "web-0" uid: "u-1"
    addresses: "\012\000\000\007" ports { name: "web" protocol: TCP number: 80 } ready: true serving: true })");
  change(*record.mutable_pod_identity());
  return record;
}

v1::Record WithService(const std::function<void(v1::Service&)>& change) {
  auto record = Parse<v1::Record>(R"(service { namespace: "default" name: "nginx" kind: HEADLESS })");
  change(*record.mutable_service());
  return record;
}

TEST(DecodeRecord, TakesANamespace) {
  const auto op = DecodeRecord(Parse<v1::Record>(R"(namespace { name: "kube-system" uid: "u-1" })"));
  ASSERT_TRUE(op.ok()) << op.status();
  EXPECT_EQ(std::get<state::Namespace>(*op).name, "kube-system");
  EXPECT_EQ(std::get<state::Namespace>(*op).uid, FingerprintUid("u-1"));
}

TEST(DecodeRecord, TakesAllOfAPodIdentity) {
  const auto op = DecodeRecord(Parse<v1::Record>(R"(pod_identity {
    namespace: "default" service: "nginx" name: "web-0" is_pod: true hostname: "web-0" uid: "u-1"
    addresses: "\012\000\000\007" addresses: "\375\000\000\000\000\000\000\000\000\000\000\000\000\000\000\007"
    ports { name: "web" protocol: TCP number: 80 } ports { protocol: UDP } ready: true serving: true terminating: true
    node: "node-1" zone: "a" ordinal: 0 })"));
  ASSERT_TRUE(op.ok()) << op.status();
  const auto& identity = std::get<state::PodIdentity>(*op);
  EXPECT_EQ(identity.namespace_name, "default");
  EXPECT_EQ(identity.service, "nginx");
  EXPECT_EQ(identity.name, "web-0");
  EXPECT_TRUE(identity.is_pod);
  EXPECT_EQ(identity.hostname, "web-0");
  EXPECT_EQ(identity.uid, FingerprintUid("u-1"));
  EXPECT_THAT(identity.addresses, ElementsAre(*base::ParseIpAddress("10.0.0.7"), *base::ParseIpAddress("fd00::7")));
  EXPECT_THAT(identity.ports,
              ElementsAre(state::Port{"web", state::Protocol::kTcp, 80}, state::Port{"", state::Protocol::kUdp, 0}));
  EXPECT_TRUE(identity.ready);
  EXPECT_TRUE(identity.serving);
  EXPECT_TRUE(identity.terminating);
}

TEST(DecodeRecord, TakesServicesOfEveryKind) {
  const auto headless = DecodeRecord(WithService([](v1::Service& service) { service.set_publish_not_ready(true); }));
  ASSERT_TRUE(headless.ok()) << headless.status();
  EXPECT_EQ(std::get<state::Service>(*headless).kind, state::ServiceKind::kHeadless);
  EXPECT_TRUE(std::get<state::Service>(*headless).publish_not_ready);

  const auto cluster_ip = DecodeRecord(Parse<v1::Record>(R"(service {
    namespace: "default" name: "api" uid: "u-2" kind: CLUSTER_IP addresses: "\012\140\000\001"
    ports { name: "dns" protocol: SCTP number: 65535 } })"));
  ASSERT_TRUE(cluster_ip.ok()) << cluster_ip.status();
  EXPECT_EQ(std::get<state::Service>(*cluster_ip).kind, state::ServiceKind::kClusterIp);
  EXPECT_THAT(std::get<state::Service>(*cluster_ip).addresses, ElementsAre(*base::ParseIpAddress("10.96.0.1")));
  EXPECT_THAT(std::get<state::Service>(*cluster_ip).ports,
              ElementsAre(state::Port{"dns", state::Protocol::kSctp, 65535}));

  const auto external = DecodeRecord(Parse<v1::Record>(
      R"(service { namespace: "default" name: "db" kind: EXTERNAL_NAME external_name: "_sip._tcp.Db_1.example.com." })"));
  ASSERT_TRUE(external.ok()) << external.status();
  EXPECT_EQ(std::get<state::Service>(*external).kind, state::ServiceKind::kExternalName);
  EXPECT_EQ(std::get<state::Service>(*external).external_name,
            dns::Name::FromText("_sip._tcp.Db_1.example.com")->wire());
}

TEST(DecodeRecord, TakesHowAServiceIsReachedFromOutside) {
  const auto op = DecodeRecord(Parse<v1::Record>(R"(service {
    namespace: "default" name: "api" kind: HEADLESS
    external_addresses: "\300\000\002\001" external_addresses: "\300\000\002\001"
    external_hostnames: "lb.example" external_hostnames: "b.example." external_hostnames: "lb.example." })"));
  ASSERT_TRUE(op.ok()) << op.status();
  const auto& service = std::get<state::Service>(*op);
  EXPECT_THAT(service.external_addresses, ElementsAre(*base::ParseIpAddress("192.0.2.1")));
  EXPECT_THAT(service.external_hostnames,
              ElementsAre(dns::Name::FromText("lb.example")->wire(), dns::Name::FromText("b.example")->wire()));
}

TEST(DecodeRecord, TakesAPod) {
  const auto op = DecodeRecord(Parse<v1::Record>(
      R"(pod { namespace: "default" name: "job.1" uid: "u-3" addresses: "\012\000\000\010" node: "node-1" })"));
  ASSERT_TRUE(op.ok()) << op.status();
  EXPECT_EQ(std::get<state::Pod>(*op).name, "job.1");
  EXPECT_THAT(std::get<state::Pod>(*op).addresses, SizeIs(1));
}

TEST(DecodeRecord, NamesAreLabelsInLowerCase) {
  const std::string longest(63, 'a');
  for (const std::string& good : {std::string("a"), std::string("0"), std::string("a-b--c"), longest}) {
    EXPECT_EQ(WhyRejected(WithIdentity([&](auto& identity) { identity.set_namespace_(good); })), "") << good;
    EXPECT_EQ(WhyRejected(WithIdentity([&](auto& identity) { identity.set_service(good); })), "") << good;
    EXPECT_EQ(WhyRejected(WithIdentity([&](auto& identity) { identity.set_hostname(good); })), "") << good;
    EXPECT_EQ(WhyRejected(WithService([&](auto& service) { service.set_name(good); })), "") << good;
  }
  for (const std::string& bad :
       {std::string("Web"), std::string("-web"), std::string("web-"), std::string("web_0"), std::string("a.b"),
        std::string("caf\xc3\xa9"), std::string("a\0b", 3), longest + "a"}) {
    EXPECT_THAT(WhyRejected(WithIdentity([&](auto& identity) { identity.set_namespace_(bad); })),
                HasSubstr("namespace: found "));
    EXPECT_THAT(WhyRejected(WithIdentity([&](auto& identity) { identity.set_service(bad); })),
                HasSubstr("service: found "));
    EXPECT_THAT(WhyRejected(WithIdentity([&](auto& identity) { identity.set_hostname(bad); })),
                HasSubstr("hostname: found "));
    EXPECT_THAT(WhyRejected(WithService([&](auto& service) { service.set_name(bad); })), HasSubstr("name: found "));
  }
  EXPECT_THAT(WhyRejected(WithIdentity([](auto& identity) { identity.clear_service(); })),
              HasSubstr("service: found \"\""));
  EXPECT_EQ(WhyRejected(WithIdentity([](auto& identity) { identity.clear_hostname(); })), "");
}

TEST(DecodeRecord, NamesOfPodsAreSubdomains) {
  for (const std::string& good : {std::string("web-0"), std::string("a.b-c.0"), std::string(253, 'a')}) {
    EXPECT_EQ(WhyRejected(WithIdentity([&](auto& identity) { identity.set_name(good); })), "") << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("."), std::string("a."), std::string(".a"), std::string("a..b"), std::string("a.-b"),
        std::string("a-.b"), std::string("A.b"), std::string(254, 'a')}) {
    EXPECT_THAT(WhyRejected(WithIdentity([&](auto& identity) { identity.set_name(bad); })), HasSubstr("name: found "));
  }
}

TEST(DecodeRecord, WhyIsPrintableAndShort) {
  EXPECT_EQ(
      WhyRejected(R"(namespace { name: "Web\n" })"),
      "name: found \"Web\\n\", expected a DNS label: 1 to 63 of a-z, 0-9 and '-', with a letter or digit at both ends");
  const std::string why = WhyRejected(WithService([](auto& service) { service.set_name(std::string(100'000, '\n')); }));
  EXPECT_THAT(why, HasSubstr("(100000 octets)"));
  EXPECT_LT(why.size(), 500);
}

TEST(DecodeRecord, AddressesAreOfHosts) {
  const auto with_address = [](std::string octets) {
    return WhyRejected(WithIdentity([&](auto& identity) { identity.add_addresses(octets); }));
  };
  EXPECT_EQ(with_address(std::string("\x0a\0\0\1", 4)), "");
  EXPECT_EQ(with_address("0123456789abcdef"), "");
  EXPECT_EQ(with_address(""), "addresses: found one of 0 octets, expected 4 or 16 octets");
  EXPECT_EQ(with_address("12345"), "addresses: found one of 5 octets, expected 4 or 16 octets");
  EXPECT_THAT(with_address(std::string(4, '\0')), HasSubstr("addresses: found 0.0.0.0, expected "));
  EXPECT_THAT(with_address(std::string(16, '\0')), HasSubstr("addresses: found ::, expected "));
  EXPECT_THAT(with_address(std::string(10, '\0') + "\xff\xff\x0a" + std::string("\0\0\1", 3)),
              HasSubstr("addresses: found ::ffff:10.0.0.1, expected an IPv4 address"));
}

TEST(DecodeRecord, AnAddressCountsOnce) {
  const auto op = DecodeRecord(WithIdentity([](auto& identity) { identity.add_addresses(identity.addresses(0)); }));
  ASSERT_TRUE(op.ok()) << op.status();
  EXPECT_THAT(std::get<state::PodIdentity>(*op).addresses, SizeIs(1));
}

TEST(DecodeRecord, AddressesAndPortsHaveALimit) {
  const auto with_addresses = [](int count) {
    return WhyRejected(WithIdentity([&](auto& identity) {
      identity.clear_addresses();
      for (int i = 1; i <= count; ++i) identity.add_addresses(std::string("\x0a\0\0", 3) + static_cast<char>(i));
    }));
  };
  EXPECT_EQ(with_addresses(0), "");
  EXPECT_EQ(with_addresses(16), "");
  EXPECT_EQ(with_addresses(17), "addresses: found 17, expected at most 16");
  const auto with_ports = [](int count) {
    return WhyRejected(WithService([&](auto& service) {
      for (int i = 1; i <= count; ++i) service.add_ports()->set_protocol(v1::TCP);
    }));
  };
  EXPECT_EQ(with_ports(100), "");
  EXPECT_EQ(with_ports(101), "ports: found 101, expected at most 100");
}

TEST(DecodeRecord, PortsAreWhatKubernetesTakes) {
  const auto with_port = [](const std::string& text) {
    return WhyRejected(WithService([&](auto& service) { *service.add_ports() = Parse<v1::Port>(text); }));
  };
  EXPECT_EQ(with_port(R"(name: "a-port-name-of-more-than-fifteen" protocol: UDP number: 65535)"), "");
  EXPECT_THAT(with_port(R"(name: "Web" protocol: TCP number: 80)"), HasSubstr("ports.name: found \"Web\""));
  EXPECT_THAT(with_port("number: 80"), HasSubstr("ports.protocol: found 0, expected TCP"));
  EXPECT_EQ(with_port("protocol: TCP number: 65536"), "ports.number: found 65536, expected at most 65535");
  EXPECT_THAT(
      WhyRejected(WithService([](auto& service) { service.add_ports()->set_protocol(static_cast<v1::Protocol>(99)); })),
      HasSubstr("ports.protocol: found 99"));
}

TEST(DecodeRecord, ServicesHaveWhatTheirKindNeedsAndNothingElse) {
  const auto service = [](const std::string& fields) {
    return WhyRejected("service { namespace: \"default\" name: \"nginx\" " + fields + " }");
  };
  EXPECT_EQ(service("kind: CLUSTER_IP"), "addresses: found none, expected at least one for CLUSTER_IP");
  EXPECT_EQ(service(R"(kind: HEADLESS addresses: "\012\000\000\001")"),
            "addresses: found 1, expected none for HEADLESS");
  EXPECT_EQ(service(R"(kind: EXTERNAL_NAME external_name: "a.example" addresses: "\012\000\000\001")"),
            "addresses: found 1, expected none for EXTERNAL_NAME");
  EXPECT_EQ(service(R"(kind: HEADLESS external_name: "a.example")"),
            "external_name: found \"a.example\", expected none for HEADLESS");
  EXPECT_THAT(service(""), HasSubstr("kind: found 0, expected HEADLESS (1)"));
  EXPECT_THAT(service("kind: EXTERNAL_NAME"), HasSubstr("external_name: found \"\""));
  EXPECT_THAT(service(R"(kind: EXTERNAL_NAME external_name: ".")"), HasSubstr("external_name: found \".\""));
  EXPECT_THAT(service(R"(kind: EXTERNAL_NAME external_name: "a..b")"), HasSubstr("external_name: found \"a..b\""));
}

TEST(DecodeRecord, WhatReachesAServiceFromOutsideIsChecked) {
  const auto service = [](const std::string& fields) {
    return WhyRejected("service { namespace: \"default\" name: \"nginx\" kind: HEADLESS " + fields + " }");
  };
  EXPECT_EQ(service(R"(external_addresses: "\300")"),
            "external_addresses: found one of 1 octets, expected 4 or 16 octets");
  EXPECT_EQ(service(R"(external_addresses: "\000\000\000\000")"),
            "external_addresses: found 0.0.0.0, expected the address of a host, not the unspecified one");
  EXPECT_THAT(service(R"(external_hostnames: "")"), HasSubstr("external_hostnames: found \"\""));
  EXPECT_THAT(service(R"(external_hostnames: "a..b")"), HasSubstr("external_hostnames: found \"a..b\""));
  EXPECT_EQ(WhyRejected(WithService([](auto& record) {
              for (int i = 0; i < 65; ++i)
                record.add_external_addresses(std::string("\300\0\2", 3) + static_cast<char>(i));
            })),
            "external_addresses: found 65, expected at most 64");
  EXPECT_EQ(WhyRejected(WithService([](auto& record) {
              for (int i = 0; i < 65; ++i) record.add_external_hostnames("a.example");
            })),
            "external_hostnames: found 65, expected at most 64");
  EXPECT_EQ(
      WhyRejected(R"(service_import { namespace: "default" name: "a" kind: HEADLESS external_hostnames: "a.b" })"),
      "external_hostnames: found 1, expected at most 0");
}

TEST(DecodeRecord, ARecordOfNoKindIsNone) {
  EXPECT_THAT(WhyRejected(""), HasSubstr("record: found a kind that we do not know"));
}

TEST(DecodeDelete, TakesAKeyOfEachKind) {
  const auto identity = DecodeDelete(Parse<v1::Delete>(
      R"(key { kind: POD_IDENTITY namespace: "default" service: "nginx" name: "web-0" } uid: "u-1")"));
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->key, (state::EntityKey{state::EntityKind::kPodIdentity, "default", "nginx", "web-0"}));
  EXPECT_EQ(identity->uid, FingerprintUid("u-1"));

  const auto service = DecodeDelete(Parse<v1::Delete>(R"(key { kind: SERVICE namespace: "default" name: "nginx" })"));
  ASSERT_TRUE(service.ok()) << service.status();
  EXPECT_EQ(service->key, (state::EntityKey{state::EntityKind::kService, "default", "", "nginx"}));
  EXPECT_EQ(service->uid, 0);

  const auto whole_namespace = DecodeDelete(Parse<v1::Delete>(R"(key { kind: NAMESPACE name: "default" })"));
  ASSERT_TRUE(whole_namespace.ok()) << whole_namespace.status();
  EXPECT_EQ(whole_namespace->key, (state::EntityKey{state::EntityKind::kNamespace, "", "", "default"}));

  const auto pod = DecodeDelete(Parse<v1::Delete>(R"(key { kind: POD namespace: "default" name: "job.1" })"));
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_EQ(pod->key, (state::EntityKey{state::EntityKind::kPod, "default", "", "job.1"}));
}

TEST(DecodeDelete, RefusesAKeyThatNamesNothing) {
  const auto why = [](const std::string& text) {
    return std::string(DecodeDelete(Parse<v1::Delete>(text)).status().message());
  };
  EXPECT_THAT(why(""), HasSubstr("key.kind: found 0, expected NAMESPACE (1)"));
  EXPECT_EQ(why(R"(key { kind: NAMESPACE namespace: "a" name: "b" })"),
            "key.namespace: found \"a\", expected none for NAMESPACE");
  EXPECT_EQ(why(R"(key { kind: POD namespace: "a" service: "b" name: "c" })"),
            "key.service: found \"b\", expected none for POD");
  EXPECT_THAT(why(R"(key { kind: POD_IDENTITY namespace: "a" name: "c" })"), HasSubstr("key.service: found \"\""));
  EXPECT_THAT(why(R"(key { kind: SERVICE namespace: "a" name: "C" })"), HasSubstr("key.name: found \"C\""));
}

TEST(DecodePart, LeavesOutOnlyWhatIsInvalid) {
  const DecodedPart decoded = DecodePart(Parse<v1::SnapshotPart>(R"(
    records { namespace { name: "default" } }
    records { service { namespace: "default" name: "Nginx" kind: HEADLESS } }
    records { service { namespace: "default" name: "other" kind: HEADLESS } })"));
  EXPECT_THAT(decoded.entities, SizeIs(2));
  ASSERT_THAT(decoded.rejections, SizeIs(1));
  EXPECT_EQ(decoded.rejections[0].key.kind(), v1::Key::SERVICE);
  EXPECT_EQ(decoded.rejections[0].key.namespace_(), "default");
  EXPECT_EQ(decoded.rejections[0].key.name(), "Nginx");
  EXPECT_THAT(decoded.rejections[0].message, AllOf(HasSubstr("name: found \"Nginx\""), HasSubstr("a DNS label")));
}

TEST(DecodeBatch, KeepsTheOrderOfWhatItTakes) {
  const DecodedBatch decoded = DecodeBatch(Parse<v1::Batch>(R"(
    previous_revision: 6 revision: 7 origin_time { seconds: 1700000000 nanos: 500000000 }
    ops { upsert { namespace { name: "a" } } }
    ops { delete { key { kind: NAMESPACE name: "B" } } }
    ops { }
    ops { upsert { } }
    ops { delete { key { kind: NAMESPACE name: "a" } uid: "u-1" } })"));
  EXPECT_EQ(decoded.delta.previous_revision, 6);
  EXPECT_EQ(decoded.delta.revision, 7);
  EXPECT_EQ(decoded.delta.origin_time, absl::FromUnixMillis(1'700'000'000'500));
  ASSERT_THAT(decoded.delta.ops, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<state::Namespace>(decoded.delta.ops[0]));
  EXPECT_TRUE(std::holds_alternative<state::Deletion>(decoded.delta.ops[1]));
  ASSERT_THAT(decoded.rejections, SizeIs(3));
  EXPECT_EQ(decoded.rejections[0].key.name(), "B");
  EXPECT_THAT(decoded.rejections[1].message, HasSubstr("op: found neither upsert nor delete"));
  EXPECT_THAT(decoded.rejections[2].message, HasSubstr("record: found a kind that we do not know"));
}

TEST(DecodeEpoch, IsSixteenOctetsAndNotNone) {
  EXPECT_EQ(DecodeEpoch("0123456789abcde"), std::nullopt);
  EXPECT_EQ(DecodeEpoch("0123456789abcdef0"), std::nullopt);
  EXPECT_EQ(DecodeEpoch(std::string(16, '\0')), std::nullopt);
  EXPECT_EQ(DecodeEpoch("0123456789abcdef")->front(), '0');
}

TEST(FingerprintUid, IsZeroForNoUidOnly) {
  EXPECT_EQ(FingerprintUid(""), 0);
  EXPECT_NE(FingerprintUid("0"), 0);
  EXPECT_EQ(FingerprintUid("a5b4-1"), FingerprintUid("a5b4-1"));
  EXPECT_NE(FingerprintUid("a5b4-1"), FingerprintUid("a5b4-2"));
}

TEST(DecodeAge, IsNeverOfTheFutureNorOlderThanAYear) {
  const auto age = [](const std::string& text) { return DecodeAge(Parse<google::protobuf::Duration>(text)); };
  EXPECT_EQ(age("seconds: 42 nanos: 500000000"), absl::Milliseconds(42'500));
  EXPECT_EQ(age(""), absl::ZeroDuration());
  EXPECT_EQ(age("seconds: -1"), absl::ZeroDuration());
  EXPECT_EQ(age("seconds: 9223372036854775807 nanos: 2147483647"), absl::Hours(24 * 365));
  EXPECT_EQ(age("seconds: -9223372036854775808 nanos: -2147483648"), absl::ZeroDuration());
}

}  // namespace
}  // namespace podnamed::feed
