#include "proto/podnamed/feed/v1/feed_key.h"

#include <gtest/gtest.h>

#include <vector>

namespace podnamed::feed::v1 {
namespace {

Record Namespace(const std::string& name) {
  Record record;
  record.mutable_namespace_()->set_name(name);
  record.mutable_namespace_()->set_uid("uid-" + name);
  return record;
}

Record Service(const std::string& namespace_name, const std::string& name) {
  Record record;
  record.mutable_service()->set_namespace_(namespace_name);
  record.mutable_service()->set_name(name);
  record.mutable_service()->set_uid("uid-" + name);
  record.mutable_service()->set_kind(Service::HEADLESS);
  return record;
}

Record PodIdentity(const std::string& namespace_name, const std::string& service, const std::string& name) {
  Record record;
  record.mutable_pod_identity()->set_namespace_(namespace_name);
  record.mutable_pod_identity()->set_service(service);
  record.mutable_pod_identity()->set_name(name);
  record.mutable_pod_identity()->set_uid("uid-" + name);
  record.mutable_pod_identity()->set_is_pod(true);
  record.mutable_pod_identity()->set_hostname("host");
  return record;
}

Record Pod(const std::string& namespace_name, const std::string& name) {
  Record record;
  record.mutable_pod()->set_namespace_(namespace_name);
  record.mutable_pod()->set_name(name);
  record.mutable_pod()->set_uid("uid-" + name);
  return record;
}

// In ascending order.
std::vector<Record> Examples() {
  return {
      Namespace("a"),
      Namespace("default"),
      Service("", "no-namespace"),
      Service("default", "nginx"),
      Service("default", "nginx-a"),
      Service("default-a", "nginx"),
      PodIdentity("default", "", "no-service"),
      PodIdentity("default", "nginx", ""),
      PodIdentity("default", "nginx", "web-0"),
      PodIdentity("default", "nginx", "web-10"),
      PodIdentity("default", "nginx", "web-2"),
      PodIdentity("default", "nginx", std::string(200, 'w')),
      PodIdentity("default", "nginx", "\xc3\xa9"),
      Pod("default", "web-0"),
  };
}

TEST(FeedKey, OrdersByKindThenNamespaceServiceAndNameAsOctets) {
  const std::vector<Record> examples = Examples();
  for (size_t i = 0; i < examples.size(); ++i) {
    for (size_t j = 0; j < examples.size(); ++j) {
      EXPECT_EQ(ViewOf(examples[i]) <=> ViewOf(examples[j]), i <=> j) << KeyText(ViewOf(examples[i]));
    }
  }
}

TEST(FeedKey, OfTheEncodingIsTheSameAsOfTheRecord) {
  for (const Record& record : Examples()) {
    const std::string encoded = record.SerializeAsString();
    EXPECT_EQ(ViewOfEncoded(encoded), ViewOf(record)) << KeyText(ViewOf(record));
  }
}

TEST(FeedKey, OfOctetsCutAnywhereReadsNothingBeyondThem) {
  for (const Record& record : Examples()) {
    const std::string encoded = record.SerializeAsString();
    for (size_t size = 0; size < encoded.size(); ++size) {
      const std::string cut = encoded.substr(0, size);
      ViewOfEncoded(cut);
    }
  }
}

TEST(FeedKey, AsAMessageIsTheSame) {
  for (const Record& record : Examples()) {
    const Key key = KeyOf(record);
    EXPECT_EQ(ViewOf(key), ViewOf(record));
  };
}

TEST(FeedKey, OfARecordThatHoldsNothingHasNoKind) {
  EXPECT_EQ(ViewOf(Record()).kind, Key::KIND_UNSPECIFIED);
  EXPECT_EQ(ViewOfEncoded("").kind, Key::KIND_UNSPECIFIED);
}

TEST(FeedKey, TextNamesKindAndPlace) {
  EXPECT_EQ(KeyText(ViewOf(Namespace("default"))), "namespace default");
  EXPECT_EQ(KeyText(ViewOf(Service("default", "nginx"))), "service default/nginx");
  EXPECT_EQ(KeyText(ViewOf(PodIdentity("default", "nginx", "web-0"))), "pod identity default/nginx/web-0");
  EXPECT_EQ(KeyText(ViewOf(Pod("default", "web-0"))), "pod default/web-0");
  EXPECT_EQ(KeyText(KeyView()), "a record of no known kind");
}

TEST(FeedKey, UidIsTheRecordsOwn) {
  EXPECT_EQ(UidOf(Namespace("a")), "uid-a");
  EXPECT_EQ(UidOf(Service("a", "b")), "uid-b");
  EXPECT_EQ(UidOf(PodIdentity("a", "b", "c")), "uid-c");
  EXPECT_EQ(UidOf(Pod("a", "b")), "uid-b");
  EXPECT_EQ(UidOf(Record()), "");
}

}  // namespace
}  // namespace podnamed::feed::v1
