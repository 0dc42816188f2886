#include "controller/kube/wire.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "controller/kube/json_message.h"
#include "controller/kube/text.h"
#include "proto/k8s/checks.pb.h"
#include "server/base/status.h"

namespace podnamed::kube {
namespace {

namespace json = boost::json;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::string_view kMagic("k8s\0", 4);
constexpr std::string_view kInitialEventsEnd = "k8s.io/initial-events-end";
// etcd refuses values of more than 1.5 MiB where nobody has raised that.
constexpr size_t kMaxObject = size_t{16} << 20;
constexpr size_t kMaxJsonList = size_t{256} << 20;
constexpr size_t kFrameHeader = 4;

absl::Status Malformed(std::string_view what) {
  return absl::DataLossError(fmt::format("a reply that is not what the Kubernetes API sends: {}", what));
}

k8s::meta::v1::ObjectMeta* MutableMetadataOf(Message* object) {
  const FieldDescriptor* field = object->GetDescriptor()->FindFieldByName("metadata");
  return static_cast<k8s::meta::v1::ObjectMeta*>(object->GetReflection()->MutableMessage(object, field));
}

// The annotations that we keep stand beside the field.
void KeepOnlyWhatIsRead(Message* object) {
  static const auto& kept = k8s::meta::v1::ObjectMeta::descriptor()
                                ->FindFieldByName("annotations")
                                ->options()
                                .GetRepeatedExtension(k8s::only_key);
  object->DiscardUnknownFields();
  auto& annotations = *MutableMetadataOf(object)->mutable_annotations();
  if (annotations.empty()) return;
  std::vector<std::pair<std::string, std::string>> found;
  for (const std::string& key : kept) {
    const auto entry = annotations.find(key);
    if (entry != annotations.end()) found.emplace_back(key, std::move(entry->second));
  }
  annotations.clear();
  for (auto& [key, value] : found) annotations[key] = std::move(value);
}

// The message in an envelope "k8s\0" Unknown; text without the magic is the message itself.
bool OpenEnvelope(std::string_view text, std::string* raw) {
  if (!text.starts_with(kMagic)) {
    *raw = text;
    return true;
  }
  k8s::meta::v1::Unknown unknown;
  text.remove_prefix(kMagic.size());
  if (!unknown.ParseFromArray(text.data(), static_cast<int>(text.size()))) return false;
  *raw = std::move(*unknown.mutable_raw());
  return true;
}

bool KindOf(std::string_view type, WatchEvent::Kind* kind) {
  using Kind = WatchEvent::Kind;
  if (type == "ADDED" || type == "MODIFIED") return *kind = Kind::kChanged, true;
  if (type == "DELETED") return *kind = Kind::kDeleted, true;
  if (type == "BOOKMARK") return *kind = Kind::kBookmark, true;
  return *kind = Kind::kError, type == "ERROR";
}

// What the event says beyond its object; then the object loses what is not read.
void Finish(WatchEvent* event) {
  const auto& annotations = MetadataOf(*event->object).annotations();
  event->ends_initial_events =
      event->kind == WatchEvent::Kind::kBookmark && annotations.contains(std::string(kInitialEventsEnd));
  KeepOnlyWhatIsRead(event->object.get());
}

// ---- protobuf

// The fields of a list come one by one out of a body of any length: message List { ListMeta metadata = 1; repeated
// Object items = 2; } within Unknown.raw.
class ProtobufListDecoder final : public ListDecoder {
 public:
  ProtobufListDecoder(const Message& prototype, Visit visit) : prototype_(prototype), visit_(std::move(visit)) {}

  absl::Status Read(std::string_view octets) override {
    buffer_ += octets;
    size_t start = 0;
    absl::Status status;
    while (status.ok()) {
      const std::string_view rest = std::string_view(buffer_).substr(start);
      size_t length = 0;
      status = ReadNext(rest, &length);
      if (length == 0) break;
      start += length;
    }
    buffer_.erase(0, start);
    return status;
  }

  absl::StatusOr<k8s::meta::v1::ListMeta> Finish() override {
    if (part_ != Part::kTrailer || !buffer_.empty()) return Malformed("a list that ends too early");
    return metadata_;
  }

 private:
  enum class Part { kStart, kEnvelope, kList, kTrailer };

  // Takes one part off the front and says how long it is; 0: it is not whole yet.
  absl::Status ReadNext(std::string_view text, size_t* length) {
    if (part_ == Part::kList && list_left_ == 0) part_ = Part::kTrailer;
    if (part_ == Part::kStart) {
      if (text.size() < kMagic.size()) return absl::OkStatus();
      if (!text.starts_with(kMagic)) return Malformed("a list that does not begin with k8s\\0");
      part_ = Part::kEnvelope;
      *length = kMagic.size();
      return absl::OkStatus();
    }
    if (text.empty()) return absl::OkStatus();
    // More than a tag and a length have is not looked at: the stream counts in ints.
    CodedInputStream stream(reinterpret_cast<const uint8_t*>(text.data()),
                            static_cast<int>(std::min<size_t>(text.size(), 32)));
    const uint32_t tag = stream.ReadTag();
    uint32_t size;
    if (tag == 0 || !stream.ReadVarint32(&size)) {
      return text.size() < 32 ? absl::OkStatus() : Malformed("a list with a field that is none");
    }
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      return Malformed("a list with a field of another type");
    }
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    const size_t header = static_cast<size_t>(stream.CurrentPosition());
    if (part_ == Part::kEnvelope && field == k8s::meta::v1::Unknown::kRawFieldNumber) {
      part_ = Part::kList;
      list_left_ = size;
      *length = header;
      return absl::OkStatus();
    }
    if (size > kMaxObject) return Malformed("an object of more than 16 MiB");
    if (text.size() < header + size) return absl::OkStatus();
    *length = header + size;
    if (part_ != Part::kList) return absl::OkStatus();
    if (list_left_ < *length) return Malformed("a list that is longer than it says");
    list_left_ -= *length;
    return ReadField(field, text.substr(header, size));
  }

  absl::Status ReadField(int field, std::string_view text) {
    if (field == 1) {
      return metadata_.ParseFromArray(text.data(), static_cast<int>(text.size())) ? absl::OkStatus()
                                                                                  : Malformed("a list's metadata");
    }
    if (field != 2) return absl::OkStatus();
    MessagePtr object(prototype_.New());
    if (!object->ParseFromArray(text.data(), static_cast<int>(text.size()))) return Malformed("an object of a list");
    KeepOnlyWhatIsRead(object.get());
    visit_(std::move(object));
    return absl::OkStatus();
  }

  const Message& prototype_;
  const Visit visit_;
  Part part_ = Part::kStart;
  std::string buffer_;
  uint64_t list_left_ = 0;  // octets of Unknown.raw that have not come
  k8s::meta::v1::ListMeta metadata_;
};

// Frames of four octets of length, big-endian, and a WatchEvent, whose object is in an envelope.
class ProtobufWatchDecoder final : public WatchDecoder {
 public:
  explicit ProtobufWatchDecoder(const Message& prototype) : prototype_(prototype) {}

  absl::Status Read(std::string_view octets, std::vector<WatchEvent>* events) override {
    buffer_ += octets;
    size_t start = 0;
    while (buffer_.size() - start >= kFrameHeader) {
      uint32_t size = 0;
      for (size_t i = 0; i < kFrameHeader; ++i) size = size << 8 | static_cast<uint8_t>(buffer_[start + i]);
      if (size > kMaxObject) return Malformed("a watch event of more than 16 MiB");
      if (buffer_.size() - start - kFrameHeader < size) break;
      RETURN_IF_ERROR(ReadFrame(std::string_view(buffer_).substr(start + kFrameHeader, size), events));
      start += kFrameHeader + size;
    }
    buffer_.erase(0, start);
    return absl::OkStatus();
  }

 private:
  absl::Status ReadFrame(std::string_view frame, std::vector<WatchEvent>* events) const {
    std::string raw;
    k8s::meta::v1::WatchEvent outer;
    if (!OpenEnvelope(frame, &raw) || !outer.ParseFromString(raw)) return Malformed("a watch event");
    WatchEvent event;
    if (!KindOf(outer.type(), &event.kind)) return absl::OkStatus();  // a later server's
    if (!OpenEnvelope(outer.object().raw(), &raw)) return Malformed("an object of a watch event");
    if (event.kind == WatchEvent::Kind::kError) {
      if (!event.status.ParseFromString(raw)) return Malformed("a watch's error");
    } else {
      event.object.reset(prototype_.New());
      if (!event.object->ParseFromString(raw)) return Malformed("an object of a watch event");
      Finish(&event);
    }
    events->push_back(std::move(event));
    return absl::OkStatus();
  }

  const Message& prototype_;
  std::string buffer_;
};

// ---- JSON

class JsonListDecoder final : public ListDecoder {
 public:
  JsonListDecoder(const Message& prototype, Visit visit) : prototype_(prototype), visit_(std::move(visit)) {}

  absl::Status Read(std::string_view octets) override {
    size_ += octets.size();
    if (size_ > kMaxJsonList) return Malformed("a list in JSON of more than 256 MiB");
    boost::system::error_code error;
    parser_.write(octets.data(), octets.size(), error);
    return error ? Malformed(fmt::format("no JSON: {}", error.message())) : absl::OkStatus();
  }

  absl::StatusOr<k8s::meta::v1::ListMeta> Finish() override {
    boost::system::error_code error;
    parser_.finish(error);
    if (error) return Malformed("a list in JSON that ends too early");
    const json::value root = parser_.release();
    const json::object* list = root.if_object();
    if (list == nullptr) return Malformed("a list that is no JSON object");
    if (const json::value* items = list->if_contains("items"); items != nullptr && items->is_array()) {
      for (const json::value& item : items->get_array()) {
        MessagePtr object(prototype_.New());
        FillFromJson(item, object.get());
        KeepOnlyWhatIsRead(object.get());
        visit_(std::move(object));
      }
    }
    k8s::meta::v1::ListMeta metadata;
    if (const json::value* value = list->if_contains("metadata")) FillFromJson(*value, &metadata);
    return metadata;
  }

 private:
  const Message& prototype_;
  const Visit visit_;
  json::stream_parser parser_;
  size_t size_ = 0;
};

// One JSON object after the other.
class JsonWatchDecoder final : public WatchDecoder {
 public:
  explicit JsonWatchDecoder(const Message& prototype) : prototype_(prototype) {}

  absl::Status Read(std::string_view octets, std::vector<WatchEvent>* events) override {
    while (true) {
      if (!is_inside_) octets = octets.substr(std::min(octets.size(), octets.find_first_not_of(" \t\r\n")));
      if (octets.empty()) return absl::OkStatus();
      is_inside_ = true;
      boost::system::error_code error;
      const size_t count = parser_.write_some(octets.data(), octets.size(), error);
      if (error) return Malformed(fmt::format("no JSON: {}", error.message()));
      size_ += count;
      if (size_ > kMaxObject) return Malformed("a watch event of more than 16 MiB");
      octets.remove_prefix(count);
      if (!parser_.done()) continue;
      ReadEvent(parser_.release(), events);
      parser_.reset();
      is_inside_ = false;
      size_ = 0;
    }
  }

 private:
  void ReadEvent(const json::value& value, std::vector<WatchEvent>* events) const {
    const json::object* outer = value.if_object();
    if (outer == nullptr) return;
    const json::value* type = outer->if_contains("type");
    const json::value* inner = outer->if_contains("object");
    if (type == nullptr || !type->is_string() || inner == nullptr) return;
    WatchEvent event;
    if (!KindOf(std::string_view(type->get_string().data(), type->get_string().size()), &event.kind)) return;
    if (event.kind == WatchEvent::Kind::kError) {
      FillFromJson(*inner, &event.status);
    } else {
      event.object.reset(prototype_.New());
      FillFromJson(*inner, event.object.get());
      Finish(&event);
    }
    events->push_back(std::move(event));
  }

  const Message& prototype_;
  json::stream_parser parser_;
  bool is_inside_ = false;
  size_t size_ = 0;
};

}  // namespace

const k8s::meta::v1::ObjectMeta& MetadataOf(const Message& object) {
  const FieldDescriptor* field = object.GetDescriptor()->FindFieldByName("metadata");
  return static_cast<const k8s::meta::v1::ObjectMeta&>(object.GetReflection()->GetMessage(object, field));
}

bool IsProtobuf(std::string_view content_type) {
  return content_type.starts_with("application/vnd.kubernetes.protobuf");
}

std::unique_ptr<ListDecoder> ListDecoder::Make(std::string_view content_type, const Message& prototype, Visit visit) {
  if (IsProtobuf(content_type)) return std::make_unique<ProtobufListDecoder>(prototype, std::move(visit));
  return std::make_unique<JsonListDecoder>(prototype, std::move(visit));
}

std::unique_ptr<WatchDecoder> WatchDecoder::Make(std::string_view content_type, const Message& prototype) {
  if (IsProtobuf(content_type)) return std::make_unique<ProtobufWatchDecoder>(prototype);
  return std::make_unique<JsonWatchDecoder>(prototype);
}

k8s::meta::v1::Status DecodeStatus(std::string_view content_type, std::string_view body) {
  constexpr size_t kMaxMessage = 300;
  k8s::meta::v1::Status status;
  if (IsProtobuf(content_type)) {
    std::string raw;
    if (OpenEnvelope(body, &raw) && status.ParseFromString(raw)) return status;
  } else {
    boost::system::error_code error;
    const json::value value = json::parse(json::string_view(body.data(), body.size()), error);
    if (!error) FillFromJson(value, &status);
    if (!status.message().empty() || !status.reason().empty()) return status;
  }
  status.Clear();
  std::string_view line = Stripped(body);
  line = line.substr(0, std::min(line.find('\n'), kMaxMessage));
  for (const char c : line)
    status.mutable_message()->push_back(absl::ascii_iscntrl(static_cast<unsigned char>(c)) ? ' ' : c);
  return status;
}

}  // namespace podnamed::kube
