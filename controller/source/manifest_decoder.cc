#include "controller/source/manifest_decoder.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/strings/escaping.h"
#include "controller/identity/records.h"
#include "controller/source/object_decoder.h"
#include "controller/source/yaml.h"
#include "proto/k8s/checks.pb.h"
#include "server/base/ip_address.h"
#include "server/base/status.h"

namespace podnamed::controller {
namespace {

using Kind = YamlValue::Kind;

constexpr size_t kMaxKindsNoted = 16;

// ---- what the fields alone do not say

absl::Status CheckName(const YamlValue& value, const ObjectDecoder& decoder) {
  const YamlValue& name = *value.Find("metadata")->Find("name");
  const Step metadata{.field = "metadata"};
  const Step step{.parent = &metadata, .field = "name"};
  return Satisfies(name.text, k8s::DNS_LABEL) ? absl::OkStatus()
                                              : decoder.Unexpected(name, &step, Expected(k8s::DNS_LABEL));
}

// Of most kinds they say all.
template <typename Object>
absl::Status CheckObject(const Object&, const YamlValue&, const ObjectDecoder&) {
  return absl::OkStatus();
}

absl::Status CheckObject(const k8s::core::v1::Namespace&, const YamlValue& value, const ObjectDecoder& decoder) {
  return CheckName(value, decoder);
}

absl::Status CheckObject(const k8s::core::v1::Service& service, const YamlValue& value, const ObjectDecoder& decoder) {
  RETURN_IF_ERROR(CheckName(value, decoder));
  if (service.spec().type() != "ExternalName" || !service.spec().external_name().empty()) return absl::OkStatus();
  const Step spec{.field = "spec"};
  const Step step{.parent = &spec, .field = "externalName"};
  return decoder.Missing(*value.Find("spec"), &step, Expected(k8s::DOMAIN_NAME));
}

absl::Status CheckObject(const k8s::multicluster::v1alpha1::ServiceImport&, const YamlValue& value,
                         const ObjectDecoder& decoder) {
  return CheckName(value, decoder);
}

absl::Status CheckEndpoint(const k8s::discovery::v1::Endpoint& endpoint, std::string_view address_type,
                           const YamlValue& value, const Step* step, const ObjectDecoder& decoder) {
  const Step addresses{.parent = step, .field = "addresses"};
  for (size_t i = 0; i < static_cast<size_t>(endpoint.addresses_size()) && address_type != "FQDN"; ++i) {
    const YamlValue& text = *value.Find("addresses")->items[i];
    const std::optional<base::IpAddress> address = ParseHostAddress(text.text);
    const Step item{.parent = &addresses, .index = i};
    if (!address || address->is_v4() != (address_type == "IPv4")) {
      return decoder.Unexpected(text, &item, fmt::format("an {} address", address_type));
    }
  }
  const std::string& pod_name = endpoint.target_ref().name();
  if (endpoint.target_ref().kind() == "Pod" && !pod_name.empty() && !Satisfies(pod_name, k8s::DNS_SUBDOMAIN)) {
    const Step target{.parent = step, .field = "targetRef"};
    const Step name{.parent = &target, .field = "name"};
    return decoder.Unexpected(*value.Find("targetRef")->Find("name"), &name, Expected(k8s::DNS_SUBDOMAIN));
  }
  return absl::OkStatus();
}

absl::Status CheckObject(const k8s::discovery::v1::EndpointSlice& slice, const YamlValue& value,
                         const ObjectDecoder& decoder) {
  const Step endpoints{.field = "endpoints"};
  for (int i = 0; i < slice.endpoints_size(); ++i) {
    const size_t index = static_cast<size_t>(i);
    const Step step{.parent = &endpoints, .index = index};
    RETURN_IF_ERROR(CheckEndpoint(slice.endpoints(i), slice.address_type(), *value.Find("endpoints")->items[index],
                                  &step, decoder));
  }
  return absl::OkStatus();
}

// ---- a whole text

// The object that a manifest of this kind is, still empty; std::nullopt for a kind that we pass over.
std::optional<KubernetesObject> NewObject(std::string_view api_version, std::string_view kind) {
  if (api_version == "v1" && kind == "Namespace") return k8s::core::v1::Namespace();
  if (api_version == "v1" && kind == "Service") return k8s::core::v1::Service();
  if (api_version == "v1" && kind == "Pod") return k8s::core::v1::Pod();
  if (api_version == "discovery.k8s.io/v1" && kind == "EndpointSlice") return k8s::discovery::v1::EndpointSlice();
  if (api_version == "apps/v1" && kind == "StatefulSet") return k8s::apps::v1::StatefulSet();
  if (api_version == "multicluster.x-k8s.io/v1alpha1" && kind == "ServiceImport") {
    return k8s::multicluster::v1alpha1::ServiceImport();
  }
  return std::nullopt;
}

bool IsNamespace(const KubernetesObject& object) { return std::holds_alternative<k8s::core::v1::Namespace>(object); }

std::string_view KindWord(const KubernetesObject& object) {
  return std::visit([](const auto& message) { return std::string_view(message.GetDescriptor()->name()); }, object);
}

// The name by which errors call an object that is still text. A name that is none is left to its own error.
std::string NameInText(const KubernetesObject& object, const YamlValue& value) {
  const YamlValue* metadata = value.Find("metadata");
  const YamlValue* name = metadata == nullptr ? nullptr : metadata->Find("name");
  const YamlValue* namespace_name = metadata == nullptr ? nullptr : metadata->Find("namespace");
  const std::string_view kind = KindWord(object);
  if (name == nullptr || !Satisfies(name->text, k8s::DNS_SUBDOMAIN)) return std::string(kind);
  if (IsNamespace(object)) return fmt::format("{} {}", kind, name->text);
  if (namespace_name == nullptr) return fmt::format("{} default/{}", kind, name->text);
  if (!Satisfies(namespace_name->text, k8s::DNS_LABEL)) return std::string(kind);
  return fmt::format("{} {}/{}", kind, namespace_name->text, name->text);
}

class ManifestDecoder {
 public:
  absl::Status Add(const YamlValue& value) { return AddObject(value, /*is_item=*/false); }
  // REQUIRES: nothing is added afterwards.
  Manifest Finish();

 private:
  absl::Status AddObject(const YamlValue& value, bool is_item);

  Manifest manifest_;
  absl::btree_map<std::string, size_t> passed_over_;  // by kind
};

absl::Status ManifestDecoder::AddObject(const YamlValue& value, bool is_item) {
  const YamlValue* api_version = value.Find("apiVersion");
  const YamlValue* kind = value.Find("kind");
  for (const auto& [word, field] : {std::pair("apiVersion", api_version), std::pair("kind", kind)}) {
    if (field == nullptr || field->kind != Kind::kString) {
      const YamlValue& place = field == nullptr ? value : *field;
      const std::string found = field != nullptr               ? Describe(*field)
                                : value.kind == Kind::kMapping ? fmt::format("a mapping without {}", word)
                                                               : Describe(value);
      return YamlError(place.line, place.column,
                       fmt::format("found {}, expected a Kubernetes object with apiVersion and kind", found));
    }
  }
  if (kind->text == "List" && api_version->text == "v1") {
    const YamlValue* items = value.Find("items");
    if (is_item) return YamlError(kind->line, kind->column, "List: found a List in a List, expected other objects");
    if (items == nullptr) return absl::OkStatus();
    if (items->kind != Kind::kSequence) {
      return YamlError(items->line, items->column,
                       fmt::format("List: items: found {}, expected a list", Describe(*items)));
    }
    for (const YamlValue* item : items->items) RETURN_IF_ERROR(AddObject(*item, /*is_item=*/true));
    return absl::OkStatus();
  }
  std::optional<KubernetesObject> object = NewObject(api_version->text, kind->text);
  if (!object) {
    ++passed_over_[fmt::format("{} ({})", absl::CEscape(kind->text), absl::CEscape(api_version->text))];
    return absl::OkStatus();
  }
  const ObjectDecoder decoder(NameInText(*object, value));
  const auto decode = [&](auto& message) -> absl::Status {
    RETURN_IF_ERROR(decoder.Decode(value, nullptr, &message));
    RETURN_IF_ERROR(CheckObject(message, value, decoder));
    k8s::meta::v1::ObjectMeta& metadata = *message.mutable_metadata();
    if (IsNamespace(*object)) {
      metadata.clear_namespace_();
    } else if (metadata.namespace_().empty()) {
      metadata.set_namespace_("default");
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(std::visit(decode, *object));
  manifest_.objects.push_back({*std::move(object), value.line, value.column});
  return absl::OkStatus();
}

Manifest ManifestDecoder::Finish() {
  size_t kinds = 0;
  for (const auto& [kind, count] : passed_over_) {
    if (++kinds > kMaxKindsNoted) {
      manifest_.notes.push_back(
          fmt::format("objects of {} more kinds are passed over", passed_over_.size() - kMaxKindsNoted));
      break;
    }
    manifest_.notes.push_back(
        fmt::format("{} of kind {} passed over", count == 1 ? "1 object" : fmt::format("{} objects", count), kind));
  }
  size_t without_address = 0;
  std::string first;
  for (const ManifestObject& object : manifest_.objects) {
    const auto* service = std::get_if<k8s::core::v1::Service>(&object.object);
    if (service == nullptr || HasName(*service)) continue;
    if (++without_address == 1) first = NameForPeople(object.object);
  }
  if (without_address > 0) {
    manifest_.notes.push_back(
        fmt::format("{}{} without spec.clusterIP: no API server allocates one here, so it has no name", first,
                    without_address == 1 ? "" : fmt::format(" and {} more", without_address - 1)));
  }
  return std::move(manifest_);
}

}  // namespace

const k8s::meta::v1::ObjectMeta& MetadataOf(const KubernetesObject& object) {
  return std::visit([](const auto& message) -> const k8s::meta::v1::ObjectMeta& { return message.metadata(); }, object);
}

std::string NameForPeople(const KubernetesObject& object) {
  const k8s::meta::v1::ObjectMeta& metadata = MetadataOf(object);
  if (IsNamespace(object)) return fmt::format("{} {}", KindWord(object), metadata.name());
  return fmt::format("{} {}/{}", KindWord(object), metadata.namespace_(), metadata.name());
}

absl::StatusOr<Manifest> DecodeManifest(std::string_view text) {
  if (text.size() > kMaxManifestSize) {
    return YamlError(1, 1,
                     fmt::format("found {} octets, expected at most {} in one file", text.size(), kMaxManifestSize));
  }
  ManifestDecoder decoder;
  RETURN_IF_ERROR(ReadYaml(text, [&](const YamlValue& root) { return decoder.Add(root); }));
  return decoder.Finish();
}

}  // namespace podnamed::controller
