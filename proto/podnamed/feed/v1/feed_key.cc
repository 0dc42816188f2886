#include "proto/podnamed/feed/v1/feed_key.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <array>
#include <cstdint>

namespace podnamed::feed::v1 {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// The field of a Record says its kind: ViewOfEncoded reads the one as the other.
static_assert(int{Record::kNamespaceFieldNumber} == int{Key::NAMESPACE});
static_assert(int{Record::kServiceFieldNumber} == int{Key::SERVICE});
static_assert(int{Record::kPodIdentityFieldNumber} == int{Key::POD_IDENTITY});
static_assert(int{Record::kPodFieldNumber} == int{Key::POD});
static_assert(int{Record::kServiceImportFieldNumber} == int{Key::SERVICE_IMPORT});
static_assert(int{Record::kImportedIdentityFieldNumber} == int{Key::IMPORTED_IDENTITY});

// A record's key, from the fields that it is made of: in every kind they are the first ones, in the key's own order.
KeyView FromFields(int kind, const std::array<std::string_view, 3>& fields) {
  switch (kind) {
    case Key::NAMESPACE:
      return {.kind = Key::NAMESPACE, .namespace_name = {}, .service = {}, .name = fields[0]};
    case Key::SERVICE:
    case Key::POD:
    case Key::SERVICE_IMPORT:
      return {.kind = Key::Kind(kind), .namespace_name = fields[0], .service = {}, .name = fields[1]};
    case Key::POD_IDENTITY:
    case Key::IMPORTED_IDENTITY:
      return {.kind = Key::Kind(kind), .namespace_name = fields[0], .service = fields[1], .name = fields[2]};
    default:
      return {};
  }
}

}  // namespace

KeyView ViewOf(const Key& key) {
  return {.kind = key.kind(), .namespace_name = key.namespace_(), .service = key.service(), .name = key.name()};
}

KeyView ViewOf(const Record& record) {
  switch (record.record_case()) {
    case Record::kNamespace:
      return FromFields(Key::NAMESPACE, {record.namespace_().name()});
    case Record::kService:
    case Record::kServiceImport: {
      const Service& service = record.has_service() ? record.service() : record.service_import();
      return FromFields(record.record_case(), {service.namespace_(), service.name()});
    }
    case Record::kPodIdentity:
    case Record::kImportedIdentity: {
      const PodIdentity& identity = record.has_pod_identity() ? record.pod_identity() : record.imported_identity();
      return FromFields(record.record_case(), {identity.namespace_(), identity.service(), identity.name()});
    }
    case Record::kPod:
      return FromFields(Key::POD, {record.pod().namespace_(), record.pod().name()});
    case Record::RECORD_NOT_SET:
      break;
  }
  return {};
}

Key KeyOf(const Record& record) {
  const KeyView view = ViewOf(record);
  Key key;
  key.set_kind(view.kind);
  key.set_namespace_(view.namespace_name.data(), view.namespace_name.size());
  key.set_service(view.service.data(), view.service.size());
  key.set_name(view.name.data(), view.name.size());
  return key;
}

KeyView ViewOfEncoded(std::string_view record) {
  CodedInputStream input(reinterpret_cast<const uint8_t*>(record.data()), static_cast<int>(record.size()));
  const int kind = WireFormatLite::GetTagFieldNumber(input.ReadTag());
  uint32_t length = 0;
  input.ReadVarint32(&length);  // of the one message that fills the record
  std::array<std::string_view, 3> fields;
  while (const uint32_t tag = input.ReadTag()) {
    const size_t field = static_cast<size_t>(WireFormatLite::GetTagFieldNumber(tag));
    if (field > fields.size() || WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED)
      break;
    if (!input.ReadVarint32(&length)) break;
    fields[field - 1] = record.substr(static_cast<size_t>(input.CurrentPosition()), length);
    if (!input.Skip(static_cast<int>(length))) break;
  }
  return FromFields(kind, fields);
}

const std::string& UidOf(const Record& record) {
  switch (record.record_case()) {
    case Record::kNamespace:
      return record.namespace_().uid();
    case Record::kService:
      return record.service().uid();
    case Record::kPodIdentity:
      return record.pod_identity().uid();
    case Record::kServiceImport:
      return record.service_import().uid();
    case Record::kImportedIdentity:
      return record.imported_identity().uid();
    case Record::kPod:
    case Record::RECORD_NOT_SET:
      break;
  }
  return record.pod().uid();
}

std::string KeyText(const KeyView& key) {
  switch (key.kind) {
    case Key::NAMESPACE:
      return fmt::format("namespace {}", key.name);
    case Key::SERVICE:
      return fmt::format("service {}/{}", key.namespace_name, key.name);
    case Key::POD_IDENTITY:
      return fmt::format("pod identity {}/{}/{}", key.namespace_name, key.service, key.name);
    case Key::POD:
      return fmt::format("pod {}/{}", key.namespace_name, key.name);
    case Key::SERVICE_IMPORT:
      return fmt::format("service import {}/{}", key.namespace_name, key.name);
    case Key::IMPORTED_IDENTITY:
      return fmt::format("imported identity {}/{}/{}", key.namespace_name, key.service, key.name);
    default:
      return "a record of no known kind";
  }
}

}  // namespace podnamed::feed::v1
