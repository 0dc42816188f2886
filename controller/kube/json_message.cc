#include "controller/kube/json_message.h"

#include <google/protobuf/descriptor.h>

#include <boost/json/value.hpp>
#include <limits>
#include <string>

#include "absl/time/time.h"
#include "proto/k8s/meta/v1/meta.pb.h"

namespace podnamed::kube {
namespace {

namespace json = boost::json;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string TextOf(const json::string& text) { return {text.data(), text.size()}; }

bool IsInt32(const json::value& value) {
  return value.is_int64() && value.get_int64() >= std::numeric_limits<int32_t>::min() &&
         value.get_int64() <= std::numeric_limits<int32_t>::max();
}

void FillTime(const json::value& value, k8s::meta::v1::Time* time) {
  absl::Time parsed;
  std::string error;
  if (!value.is_string() || !absl::ParseTime(absl::RFC3339_full, TextOf(value.get_string()), &parsed, &error)) return;
  const int64_t seconds = absl::ToUnixSeconds(parsed);
  time->set_seconds(seconds);
  time->set_nanos(static_cast<int32_t>((parsed - absl::FromUnixSeconds(seconds)) / absl::Nanoseconds(1)));
}

void FillIntOrString(const json::value& value, k8s::meta::v1::IntOrString* out) {
  if (value.is_string()) {
    out->set_type(1);
    out->set_str_val(TextOf(value.get_string()));
  } else if (IsInt32(value)) {
    out->set_type(0);
    out->set_int_val(static_cast<int32_t>(value.get_int64()));
  }
}

// One value of `field`: sets it, or adds it where the field is repeated.
void FillOne(const json::value& value, const FieldDescriptor* field, Message* message) {
  const Reflection* reflection = message->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (!value.is_string()) return;
      if (field->is_repeated()) {
        reflection->AddString(message, field, TextOf(value.get_string()));
      } else {
        reflection->SetString(message, field, TextOf(value.get_string()));
      }
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      if (IsInt32(value)) reflection->SetInt32(message, field, static_cast<int32_t>(value.get_int64()));
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      if (value.is_bool()) reflection->SetBool(message, field, value.get_bool());
      return;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (value.is_null()) return;
      FillFromJson(value, field->is_repeated() ? reflection->AddMessage(message, field)
                                               : reflection->MutableMessage(message, field));
      return;
    default:
      return;
  }
}

void FillMap(const json::object& object, const FieldDescriptor* field, Message* message) {
  for (const auto& [key, value] : object) {
    Message* entry = message->GetReflection()->AddMessage(message, field);
    entry->GetReflection()->SetString(entry, field->message_type()->map_key(), std::string(key.data(), key.size()));
    FillOne(value, field->message_type()->map_value(), entry);
  }
}

}  // namespace

void FillFromJson(const json::value& value, Message* message) {
  if (auto* time = dynamic_cast<k8s::meta::v1::Time*>(message)) return FillTime(value, time);
  if (auto* out = dynamic_cast<k8s::meta::v1::IntOrString*>(message)) return FillIntOrString(value, out);
  const json::object* object = value.if_object();
  if (object == nullptr) return;
  const google::protobuf::Descriptor* descriptor = message->GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    const json::value* member = object->if_contains(field->json_name());
    if (member == nullptr) continue;
    if (field->is_map()) {
      if (member->is_object()) FillMap(member->get_object(), field, message);
    } else if (field->is_repeated()) {
      if (!member->is_array()) continue;
      for (const json::value& item : member->get_array()) FillOne(item, field, message);
    } else {
      FillOne(*member, field, message);
    }
  }
}

}  // namespace podnamed::kube
