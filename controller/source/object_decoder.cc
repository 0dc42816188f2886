#include "controller/source/object_decoder.h"

#include <fmt/format.h>

#include <limits>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "controller/identity/records.h"
#include "server/base/status.h"

namespace podnamed::controller {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Kind = YamlValue::Kind;

constexpr size_t kMaxLabel = 63;
constexpr size_t kMaxSubdomain = 253;
constexpr size_t kMaxText = 1024;  // no field that we read is longer, and the feed's messages have a limit
constexpr int64_t kMaxPort = 65535;

bool IsAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsDnsLabel(std::string_view text, size_t max_size = kMaxLabel) {
  return !text.empty() && text.size() <= max_size && IsAlphanumeric(text.front()) && IsAlphanumeric(text.back()) &&
         absl::c_all_of(text, [](char c) { return IsAlphanumeric(c) || c == '-'; });
}

// Kubernetes lets the words of a subdomain be longer than labels: it names an object, not necessarily in DNS.
bool IsDnsSubdomain(std::string_view text, size_t max_label = kMaxSubdomain) {
  if (text.size() > kMaxSubdomain) return false;
  size_t start = 0;
  while (true) {
    const size_t dot = text.find('.', start);
    if (!IsDnsLabel(text.substr(start, dot - start), max_label)) return false;
    if (dot == std::string_view::npos) return true;
    start = dot + 1;
  }
}

bool IsDomainName(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  return IsDnsSubdomain(text, kMaxLabel);
}

// IsValidPortName of Kubernetes but for its length: with a letter, so that no number in quotes is taken for a name.
bool IsPortName(std::string_view text) {
  return IsDnsLabel(text) && absl::c_any_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
}

// "TCP,UDP,SCTP" as "TCP, UDP or SCTP".
std::string ExpectedOneOf(const std::string& one_of) {
  const std::vector<std::string> words = absl::StrSplit(one_of, ',');
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

bool IsOneOf(std::string_view text, const std::string& one_of) {
  const std::vector<std::string> words = absl::StrSplit(one_of, ',');
  return absl::c_linear_search(words, text);
}

std::string ExpectedOf(const FieldDescriptor& field) {
  const google::protobuf::FieldOptions& options = field.options();
  if (options.HasExtension(k8s::one_of)) return ExpectedOneOf(options.GetExtension(k8s::one_of));
  if (options.HasExtension(k8s::format)) return std::string(Expected(options.GetExtension(k8s::format)));
  if (field.is_repeated()) return "a list that is not empty";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return "a string";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "a mapping";
    default:
      return "a value";
  }
}

std::string ToText(const Step* step) {
  if (step == nullptr) return "";
  std::string text = ToText(step->parent);
  if (step->index) return fmt::format("{}[{}]", text, *step->index);
  if (!step->key.empty()) return fmt::format("{}[\"{}\"]", text, absl::CEscape(std::string(step->key)));
  return text.empty() ? std::string(step->field) : fmt::format("{}.{}", text, step->field);
}

const FieldDescriptor* FindField(const google::protobuf::Descriptor& message, std::string_view json_name) {
  for (int i = 0; i < message.field_count(); ++i) {
    if (message.field(i)->json_name() == json_name) return message.field(i);
  }
  return nullptr;
}

}  // namespace

bool Satisfies(std::string_view text, k8s::Format format) {
  switch (format) {
    case k8s::DNS_LABEL:
      return IsDnsLabel(text);
    case k8s::DNS_SUBDOMAIN:
      return IsDnsSubdomain(text);
    case k8s::DOMAIN_NAME:
      return IsDomainName(text);
    case k8s::IP_ADDRESS:
      return ParseHostAddress(text).has_value();
    case k8s::CLUSTER_IP:
      return text == "None" || ParseHostAddress(text).has_value();
    case k8s::TEXT:
    case k8s::PORT_NUMBER:
      return true;
  }
  return true;
}

std::string_view Expected(k8s::Format format) {
  switch (format) {
    case k8s::DNS_LABEL:
      return "a DNS label (lower-case letters, digits and '-', at most 63)";
    case k8s::DNS_SUBDOMAIN:
      return "a DNS subdomain (lower-case letters, digits, '-' and '.', at most 253)";
    case k8s::DOMAIN_NAME:
      return "a domain name";
    case k8s::IP_ADDRESS:
      return "an IPv4 or IPv6 address";
    case k8s::CLUSTER_IP:
      return "an IPv4 or IPv6 address, or None";
    case k8s::PORT_NUMBER:
      return "a port number from 1 to 65535";
    case k8s::TEXT:
      return "a string";
  }
  return "";
}

absl::Status ObjectDecoder::Fail(const YamlValue& value, const Step* step, std::string_view found,
                                 std::string_view expected) const {
  const std::string path = ToText(step);
  return YamlError(
      value.line, value.column,
      fmt::format("{}: {}{}found {}, expected {}", name_, path, path.empty() ? "" : ": ", found, expected));
}

absl::Status ObjectDecoder::Decode(const YamlValue& value, const Step* step, Message* message) const {
  if (auto* time = dynamic_cast<k8s::meta::v1::Time*>(message)) return DecodeTime(value, step, time);
  if (auto* out = dynamic_cast<k8s::meta::v1::IntOrString*>(message)) return DecodeIntOrString(value, step, out);
  if (value.kind != Kind::kMapping) return Unexpected(value, step, "a mapping");
  for (size_t i = 0; i < value.keys.size(); ++i) {
    const FieldDescriptor* field = FindField(*message->GetDescriptor(), value.keys[i]->text);
    const YamlValue& member = *value.members[i];
    if (field == nullptr || member.kind == Kind::kNull) continue;
    const Step next{.parent = step, .field = field->json_name()};
    RETURN_IF_ERROR(DecodeField(member, &next, field, message));
  }
  return CheckRequired(value, step, *message);
}

absl::Status ObjectDecoder::DecodeField(const YamlValue& value, const Step* step, const FieldDescriptor* field,
                                        Message* message) const {
  if (field->is_map()) return DecodeMap(value, step, field, message);
  if (field->is_repeated()) return DecodeList(value, step, field, message);
  return DecodeOne(value, step, field, message);
}

absl::Status ObjectDecoder::DecodeList(const YamlValue& value, const Step* step, const FieldDescriptor* field,
                                       Message* message) const {
  if (value.kind != Kind::kSequence) return Unexpected(value, step, "a list");
  const google::protobuf::FieldOptions& options = field->options();
  if (options.HasExtension(k8s::max_items) && value.items.size() > options.GetExtension(k8s::max_items)) {
    return Fail(value, step, fmt::format("{} items", value.items.size()),
                fmt::format("at most {}", options.GetExtension(k8s::max_items)));
  }
  for (size_t i = 0; i < value.items.size(); ++i) {
    const Step next{.parent = step, .index = i};
    RETURN_IF_ERROR(DecodeOne(*value.items[i], &next, field, message));
  }
  return absl::OkStatus();
}

absl::Status ObjectDecoder::DecodeMap(const YamlValue& value, const Step* step, const FieldDescriptor* field,
                                      Message* message) const {
  if (value.kind != Kind::kMapping) return Unexpected(value, step, "a mapping");
  const FieldDescriptor* entry_key = field->message_type()->map_key();
  const FieldDescriptor* entry_value = field->message_type()->map_value();
  for (size_t i = 0; i < value.keys.size(); ++i) {
    const YamlValue& member = *value.members[i];
    const auto& kept = field->options().GetRepeatedExtension(k8s::only_key);
    if (!kept.empty() && !absl::c_linear_search(kept, value.keys[i]->text)) continue;
    const Step next{.parent = step, .key = value.keys[i]->text};
    Message* entry = message->GetReflection()->AddMessage(message, field);
    entry->GetReflection()->SetString(entry, entry_key, value.keys[i]->text);
    if (member.kind != Kind::kNull) RETURN_IF_ERROR(DecodeOne(member, &next, entry_value, entry));
  }
  return absl::OkStatus();
}

absl::Status ObjectDecoder::DecodeOne(const YamlValue& value, const Step* step, const FieldDescriptor* field,
                                      Message* message) const {
  const Reflection* reflection = message->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text;
      RETURN_IF_ERROR(DecodeString(value, step, field, &text));
      if (field->is_repeated()) {
        reflection->AddString(message, field, std::move(text));
      } else {
        reflection->SetString(message, field, std::move(text));
      }
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      int32_t number;
      RETURN_IF_ERROR(DecodeNumber(value, step, field, &number));
      reflection->SetInt32(message, field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      if (value.kind != Kind::kBoolean) return Unexpected(value, step, "true or false");
      reflection->SetBool(message, field, BooleanOf(value));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Decode(
          value, step,
          field->is_repeated() ? reflection->AddMessage(message, field) : reflection->MutableMessage(message, field));
    default:
      return Unexpected(value, step, "nothing: podnamed does not know this type");
  }
}

absl::Status ObjectDecoder::DecodeString(const YamlValue& value, const Step* step, const FieldDescriptor* field,
                                         std::string* text) const {
  if (value.kind == Kind::kBoolean || value.kind == Kind::kNumber) {
    return Unexpected(value, step, fmt::format("a string: \"{}\"", Describe(value)));
  }
  if (value.kind != Kind::kString) return Unexpected(value, step, "a string");
  if (value.text.size() > kMaxText) {
    return Fail(value, step, fmt::format("{} octets", value.text.size()), fmt::format("at most {}", kMaxText));
  }
  const google::protobuf::FieldOptions& options = field->options();
  const bool is_absent = value.text.empty() && !field->is_repeated();
  const bool is_right =
      (!options.HasExtension(k8s::one_of) || IsOneOf(value.text, options.GetExtension(k8s::one_of))) &&
      Satisfies(value.text, options.GetExtension(k8s::format));
  if (!is_absent && !is_right) return Unexpected(value, step, ExpectedOf(*field));
  *text = value.text;
  return absl::OkStatus();
}

absl::Status ObjectDecoder::DecodeNumber(const YamlValue& value, const Step* step, const FieldDescriptor* field,
                                         int32_t* number) const {
  int64_t wide;
  if (!ParseWholeNumber(value, &wide)) return Unexpected(value, step, "a whole number");
  if (field->options().GetExtension(k8s::format) == k8s::PORT_NUMBER && (wide < 1 || wide > kMaxPort)) {
    return Unexpected(value, step, Expected(k8s::PORT_NUMBER));
  }
  if (wide < std::numeric_limits<int32_t>::min() || wide > std::numeric_limits<int32_t>::max()) {
    return Unexpected(value, step, "a whole number of 32 bits");
  }
  *number = static_cast<int32_t>(wide);
  return absl::OkStatus();
}

absl::Status ObjectDecoder::DecodeTime(const YamlValue& value, const Step* step, k8s::meta::v1::Time* time) const {
  absl::Time parsed;
  std::string error;
  // absl::ParseTime also takes words like "infinite-future".
  const bool is_time = value.kind == Kind::kString && !value.text.empty() &&
                       absl::ascii_isdigit(static_cast<unsigned char>(value.text[0])) &&
                       absl::ParseTime(absl::RFC3339_full, value.text, &parsed, &error);
  if (!is_time) return Unexpected(value, step, "a time like 2026-01-31T12:00:00Z");
  const int64_t seconds = absl::ToUnixSeconds(parsed);
  time->set_seconds(seconds);
  time->set_nanos(static_cast<int32_t>((parsed - absl::FromUnixSeconds(seconds)) / absl::Nanoseconds(1)));
  return absl::OkStatus();
}

absl::Status ObjectDecoder::DecodeIntOrString(const YamlValue& value, const Step* step,
                                              k8s::meta::v1::IntOrString* out) const {
  if (value.kind == Kind::kString && (value.text.empty() || IsPortName(value.text))) {
    out->set_type(1);
    out->set_str_val(value.text);
    return absl::OkStatus();
  }
  int64_t number;
  if (!ParseWholeNumber(value, &number) || number < 0 || number > kMaxPort) {
    return Unexpected(value, step, "a port's number, or its name (a DNS label with a letter in it)");
  }
  out->set_type(0);
  out->set_int_val(static_cast<int32_t>(number));
  return absl::OkStatus();
}

absl::Status ObjectDecoder::CheckRequired(const YamlValue& value, const Step* step, const Message& message) const {
  const Reflection* reflection = message.GetReflection();
  const google::protobuf::Descriptor* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (!field->options().GetExtension(k8s::required)) continue;
    const bool is_set = field->is_repeated() ? reflection->FieldSize(message, field) > 0
                                             : reflection->HasField(message, field) &&
                                                   (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING ||
                                                    !reflection->GetString(message, field).empty());
    const Step next{.parent = step, .field = field->json_name()};
    if (!is_set) return Missing(value, &next, ExpectedOf(*field));
  }
  return absl::OkStatus();
}

}  // namespace podnamed::controller
