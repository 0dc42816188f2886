#include "controller/kube/wire.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/k8s/core/v1/core.pb.h"

namespace podnamed::kube {
namespace {

using k8s::core::v1::Pod;
using k8s::core::v1::Service;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kProtobuf = "application/vnd.kubernetes.protobuf";
constexpr const char* kProtobufWatch = "application/vnd.kubernetes.protobuf;stream=watch";
constexpr const char* kJson = "application/json";

// A field of wire type 2, of fewer than 128 octets.
std::string Field(int number, const std::string& text) {
  const int tag = number << 3 | 2;
  std::string field = tag < 128 ? std::string{static_cast<char>(tag)}
                                : std::string{static_cast<char>((tag & 0x7f) | 0x80), static_cast<char>(tag >> 7)};
  return field + static_cast<char>(text.size()) + text;
}
std::string Envelope(const std::string& raw) {
  return std::string("k8s\0", 4) + Field(1, Field(1, "v1") + Field(2, "Pod")) + Field(2, raw) + Field(3, "") +
         Field(4, "");
}

// A pod as a server sends it: with managedFields, annotations and a spec.priority of which we know nothing.
std::string PodOctets(const std::string& name) {
  return Field(1, Field(1, name) + Field(12, Field(1, "a") + Field(2, "b")) + Field(17, Field(1, "kubectl"))) +
         Field(2, Field(10, "node-1") + std::string{'\xc8', '\x01', '\x07'});
}

void ExpectOnlyWhatIsRead(const google::protobuf::Message& object) {
  Pod expected;
  expected.mutable_metadata()->set_name(MetadataOf(object).name());
  expected.mutable_spec()->set_node_name("node-1");
  EXPECT_EQ(object.SerializeAsString(), expected.SerializeAsString());
}

class ListTest : public ::testing::Test {
 protected:
  absl::StatusOr<k8s::meta::v1::ListMeta> Read(std::string_view content_type, const std::string& body, size_t step) {
    names_.clear();
    const auto decoder = ListDecoder::Make(content_type, Pod::default_instance(), [this](MessagePtr object) {
      names_.push_back(MetadataOf(*object).name());
      ExpectOnlyWhatIsRead(*object);
    });
    for (size_t start = 0; start < body.size(); start += step) {
      if (absl::Status status = decoder->Read(std::string_view(body).substr(start, step)); !status.ok()) return status;
    }
    return decoder->Finish();
  }
  std::vector<std::string> names_;
};

TEST_F(ListTest, ReadsProtobufInPiecesOfAnySize) {
  const std::string body =
      Envelope(Field(1, Field(2, "77") + Field(3, "more")) + Field(2, PodOctets("a")) + Field(2, PodOctets("b")));
  for (const size_t step : {size_t{1}, size_t{7}, body.size()}) {
    const auto metadata = Read(kProtobuf, body, step);
    ASSERT_TRUE(metadata.ok()) << metadata.status();
    EXPECT_EQ(metadata->resource_version(), "77");
    EXPECT_EQ(metadata->continue_(), "more");
    EXPECT_THAT(names_, ElementsAre("a", "b"));
  }
}

TEST_F(ListTest, FindsAListThatIsCutOff) {
  const std::string body = Envelope(Field(1, Field(2, "77")) + Field(2, PodOctets("a")));
  for (size_t size = 0; size < body.size() - 4; ++size) {
    EXPECT_FALSE(Read(kProtobuf, body.substr(0, size), size + 1).ok()) << size;
  }
  EXPECT_FALSE(Read(kProtobuf, "<html>", 100).ok());
  EXPECT_FALSE(Read(kJson, R"({"items":[)", 100).ok());
  EXPECT_FALSE(Read(kJson, "<html>", 100).ok());
}

TEST_F(ListTest, ReadsJson) {
  const std::string pod = R"({"metadata":{"name":"NAME","annotations":{"a":"b"},"managedFields":[{"manager":"x"}]},)"
                          R"("spec":{"nodeName":"node-1","priority":7}})";
  const std::string body = absl::StrCat(R"({"kind":"PodList","metadata":{"resourceVersion":"77","continue":"more"},)",
                                        R"("items":[)", pod, ",", pod, "]}");
  for (const size_t step : {size_t{1}, size_t{7}, body.size()}) {
    const auto metadata = Read(kJson, body, step);
    ASSERT_TRUE(metadata.ok()) << metadata.status();
    EXPECT_EQ(metadata->resource_version(), "77");
    EXPECT_EQ(metadata->continue_(), "more");
    EXPECT_THAT(names_, ElementsAre("NAME", "NAME"));
  }
}

TEST(WatchDecoder, ReadsProtobufFrames) {
  k8s::meta::v1::WatchEvent outer;
  outer.set_type("DELETED");
  outer.mutable_object()->set_raw(Envelope(PodOctets("a")));
  const auto framed = [&] {
    const std::string text = outer.SerializeAsString();
    return std::string{'\0', '\0', '\0', static_cast<char>(text.size())} + text;
  };
  std::string body = framed();
  outer.set_type("BOOKMARK");
  outer.mutable_object()->set_raw(
      Envelope(Field(1, Field(6, "9") + Field(12, Field(1, "k8s.io/initial-events-end") + Field(2, "true")))));
  body += framed();
  outer.set_type("ERROR");
  outer.mutable_object()->set_raw(Envelope(Field(4, "Expired") + std::string{'\x30', '\x9a', '\x03'}));
  body += framed();
  outer.set_type("SOMETHING");
  body += framed();

  for (const size_t step : {size_t{1}, size_t{7}, body.size()}) {
    const auto decoder = WatchDecoder::Make(kProtobufWatch, Pod::default_instance());
    std::vector<WatchEvent> events;
    for (size_t start = 0; start < body.size(); start += step) {
      ASSERT_TRUE(decoder->Read(std::string_view(body).substr(start, step), &events).ok());
    }
    ASSERT_EQ(events.size(), 3);
    EXPECT_EQ(events[0].kind, WatchEvent::Kind::kDeleted);
    ExpectOnlyWhatIsRead(*events[0].object);
    EXPECT_EQ(events[1].kind, WatchEvent::Kind::kBookmark);
    EXPECT_TRUE(events[1].ends_initial_events);
    EXPECT_EQ(MetadataOf(*events[1].object).resource_version(), "9");
    EXPECT_EQ(events[2].kind, WatchEvent::Kind::kError);
    EXPECT_EQ(events[2].status.code(), 410);
  }
}

TEST(WatchDecoder, RefusesFramesThatAreTooLarge) {
  const auto decoder = WatchDecoder::Make(kProtobufWatch, Pod::default_instance());
  std::vector<WatchEvent> events;
  EXPECT_THAT(decoder->Read("<html><body>", &events).message(), HasSubstr("more than 16 MiB"));
}

TEST(WatchDecoder, ReadsJsonWithTheTypesOfKubernetes) {
  const std::string body =
      R"({"type":"ADDED","object":{"metadata":{"name":"web","creationTimestamp":"2026-01-02T03:04:05Z"},"spec":{)"
      R"("ports":[{"port":80,"targetPort":8080},{"port":81,"targetPort":"http"},{"port":"no number"}],)"
      R"("selector":{"app":"web"},"clusterIP":"10.0.0.1","publishNotReadyAddresses":true,"type":null}}})"
      "\n"
      R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}{"type":"ERROR","object":{"code":410}})";
  for (const size_t step : {size_t{1}, size_t{7}, body.size()}) {
    const auto decoder = WatchDecoder::Make(kJson, Service::default_instance());
    std::vector<WatchEvent> events;
    for (size_t start = 0; start < body.size(); start += step) {
      ASSERT_TRUE(decoder->Read(std::string_view(body).substr(start, step), &events).ok());
    }
    ASSERT_EQ(events.size(), 3);
    const auto& service = static_cast<const Service&>(*events[0].object);
    EXPECT_EQ(service.metadata().creation_timestamp().seconds(), 1767323045);
    EXPECT_EQ(service.spec().cluster_ip(), "10.0.0.1");
    EXPECT_EQ(service.spec().ports(0).target_port().int_val(), 8080);
    EXPECT_EQ(service.spec().ports(1).target_port().str_val(), "http");
    EXPECT_FALSE(service.spec().ports(2).has_port());
    EXPECT_EQ(service.spec().selector().at("app"), "web");
    EXPECT_TRUE(service.spec().publish_not_ready_addresses());
    EXPECT_FALSE(service.spec().has_type());
    EXPECT_EQ(events[1].kind, WatchEvent::Kind::kBookmark);
    EXPECT_FALSE(events[1].ends_initial_events);
    EXPECT_EQ(events[2].status.code(), 410);
  }
}

TEST(DecodeStatus, ReadsWhateverARefusalIs) {
  EXPECT_EQ(DecodeStatus(kJson, R"({"kind":"Status","message":"no","reason":"Forbidden","code":403})").message(), "no");
  EXPECT_EQ(DecodeStatus(kProtobuf, Envelope(Field(3, "no") + Field(4, "Forbidden"))).reason(), "Forbidden");
  EXPECT_EQ(DecodeStatus("text/html", " <h1>Bad\tGateway</h1>\n<p>").message(), "<h1>Bad Gateway</h1>");
  EXPECT_EQ(DecodeStatus(kJson, "").message(), "");
}

}  // namespace
}  // namespace podnamed::kube
