// One value of a manifest as one message: by protobuf reflection, JSON names, unknown fields passed over, types and the
// checks that stand beside the fields (proto/k8s/checks.proto). Pure.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "controller/source/yaml.h"
#include "proto/k8s/checks.pb.h"
#include "proto/k8s/meta/v1/meta.pb.h"

namespace podnamed::controller {

bool Satisfies(std::string_view text, k8s::Format format);
// What an error says was expected: "a DNS label (…)".
std::string_view Expected(k8s::Format format);

// One step of the way from an object to the value that is being read, for errors: a field, or an item of it.
struct Step {
  const Step* parent = nullptr;
  std::string_view field = {};
  std::optional<size_t> index = std::nullopt;
  std::string_view key = {};  // of a map
};

// Reads one object; its errors begin with `name_for_people`.
class ObjectDecoder {
 public:
  explicit ObjectDecoder(std::string name_for_people) : name_(std::move(name_for_people)) {}

  // Fills `message` from `value`. REQUIRES: `message` is empty.
  absl::Status Decode(const YamlValue& value, const Step* step, google::protobuf::Message* message) const;

  absl::Status Unexpected(const YamlValue& value, const Step* step, std::string_view expected) const {
    return Fail(value, step, Describe(value), expected);
  }
  // Something that should be below `value` is not there.
  absl::Status Missing(const YamlValue& value, const Step* step, std::string_view expected) const {
    return Fail(value, step, "nothing", expected);
  }

 private:
  absl::Status Fail(const YamlValue& value, const Step* step, std::string_view found, std::string_view expected) const;
  absl::Status DecodeField(const YamlValue& value, const Step* step, const google::protobuf::FieldDescriptor* field,
                           google::protobuf::Message* message) const;
  absl::Status DecodeList(const YamlValue& value, const Step* step, const google::protobuf::FieldDescriptor* field,
                          google::protobuf::Message* message) const;
  absl::Status DecodeMap(const YamlValue& value, const Step* step, const google::protobuf::FieldDescriptor* field,
                         google::protobuf::Message* message) const;
  // One value of `field`: sets it, or adds it where the field is repeated.
  absl::Status DecodeOne(const YamlValue& value, const Step* step, const google::protobuf::FieldDescriptor* field,
                         google::protobuf::Message* message) const;
  absl::Status DecodeString(const YamlValue& value, const Step* step, const google::protobuf::FieldDescriptor* field,
                            std::string* text) const;
  absl::Status DecodeNumber(const YamlValue& value, const Step* step, const google::protobuf::FieldDescriptor* field,
                            int32_t* number) const;
  absl::Status DecodeTime(const YamlValue& value, const Step* step, k8s::meta::v1::Time* time) const;
  absl::Status DecodeIntOrString(const YamlValue& value, const Step* step, k8s::meta::v1::IntOrString* out) const;
  absl::Status CheckRequired(const YamlValue& value, const Step* step, const google::protobuf::Message& message) const;

  const std::string name_;
};

}  // namespace podnamed::controller
