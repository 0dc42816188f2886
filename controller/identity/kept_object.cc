#include "controller/identity/kept_object.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "controller/identity/identities.h"
#include "controller/identity/records.h"

namespace podnamed::controller {
namespace {

using k8s::apps::v1::StatefulSet;
using k8s::core::v1::Container;
using k8s::core::v1::Namespace;
using k8s::core::v1::Pod;
using k8s::core::v1::Service;
using k8s::meta::v1::ObjectMeta;
using k8s::meta::v1::OwnerReference;
using k8s::multicluster::v1alpha1::ServiceImport;

ObjectMeta KeptMetadata(const ObjectMeta& metadata) {
  ObjectMeta kept;
  if (!metadata.uid().empty()) kept.set_uid(metadata.uid());
  *kept.mutable_labels() = metadata.labels();
  return kept;
}

// Who owns the pod counts where it is a StatefulSet; of the others only that one of them controls it.
void KeepOwners(const ObjectMeta& metadata, ObjectMeta* kept) {
  for (const OwnerReference& owner : metadata.owner_references()) {
    if (owner.kind() == "StatefulSet") {
      OwnerReference& kept_owner = *kept->add_owner_references();
      kept_owner.set_kind(owner.kind());
      kept_owner.set_name(owner.name());
      kept_owner.set_uid(owner.uid());
      kept_owner.set_controller(owner.controller());
    } else if (owner.controller()) {
      kept->add_owner_references()->set_controller(true);
    }
  }
}

// The ports that a Service can name.
Container KeptContainer(const Container& container) {
  Container kept;
  for (const k8s::core::v1::ContainerPort& port : container.ports()) {
    if (!port.name().empty()) *kept.add_ports() = port;
  }
  return kept;
}

Namespace Kept(const Namespace& object) {
  Namespace kept;
  *kept.mutable_metadata() = KeptMetadata(object.metadata());
  return kept;
}

Service Kept(const Service& object) {
  Service kept;
  *kept.mutable_metadata() = KeptMetadata(object.metadata());
  const auto& annotations = object.metadata().annotations();
  const auto annotation = annotations.find(kTolerateUnreadyAnnotation);
  if (annotation != annotations.end())
    (*kept.mutable_metadata()->mutable_annotations())[annotation->first] = annotation->second;
  *kept.mutable_spec() = object.spec();
  const auto& ingress = object.status().load_balancer().ingress();
  if (!ingress.empty()) *kept.mutable_status()->mutable_load_balancer()->mutable_ingress() = ingress;
  return kept;
}

Pod Kept(const Pod& object) {
  Pod kept;
  *kept.mutable_metadata() = KeptMetadata(object.metadata());
  if (object.metadata().has_deletion_timestamp()) kept.mutable_metadata()->mutable_deletion_timestamp();
  KeepOwners(object.metadata(), kept.mutable_metadata());

  k8s::core::v1::PodSpec& spec = *kept.mutable_spec();
  for (const Container& container : object.spec().containers()) {
    Container ports = KeptContainer(container);
    if (!ports.ports().empty()) *spec.add_containers() = std::move(ports);
  }
  for (const Container& container : object.spec().init_containers()) {
    Container ports = KeptContainer(container);
    ports.set_restart_policy(container.restart_policy());
    if (!ports.ports().empty()) *spec.add_init_containers() = std::move(ports);
  }
  if (object.spec().has_node_name()) spec.set_node_name(object.spec().node_name());
  if (object.spec().has_hostname()) spec.set_hostname(object.spec().hostname());
  if (object.spec().has_subdomain()) spec.set_subdomain(object.spec().subdomain());

  k8s::core::v1::PodStatus& status = *kept.mutable_status();
  if (HasEnded(object)) status.set_phase(object.status().phase());
  for (const k8s::core::v1::PodCondition& condition : object.status().conditions()) {
    if (condition.type() == "Ready" && condition.status() == "True") *status.add_conditions() = condition;
  }
  *status.mutable_pod_ips() = object.status().pod_ips();
  if (AddressesOf(kept).empty()) status.set_pod_ip(object.status().pod_ip());
  return kept;
}

StatefulSet Kept(const StatefulSet& object) {
  StatefulSet kept;
  if (!object.metadata().uid().empty()) kept.mutable_metadata()->set_uid(object.metadata().uid());
  *kept.mutable_spec() = object.spec();
  return kept;
}

ServiceImport Kept(const ServiceImport& object) {
  ServiceImport kept;
  *kept.mutable_metadata() = KeptMetadata(object.metadata());
  *kept.mutable_spec() = object.spec();
  return kept;
}

// Maps in the order of their keys, and no octet of memory more than it takes.
template <typename Object>
void Encode(const Object& kept, std::string* octets) {
  octets->reserve(octets->size() + kept.ByteSizeLong());
  google::protobuf::io::StringOutputStream stream(octets);
  google::protobuf::io::CodedOutputStream output(&stream);
  output.SetSerializationDeterministic(true);
  kept.SerializeWithCachedSizes(&output);
}

}  // namespace

void EncodeKept(const Namespace& object, std::string* octets) { Encode(Kept(object), octets); }
void EncodeKept(const Service& object, std::string* octets) { Encode(Kept(object), octets); }
void EncodeKept(const Pod& object, std::string* octets) { Encode(Kept(object), octets); }
void EncodeKept(const StatefulSet& object, std::string* octets) { Encode(Kept(object), octets); }
void EncodeKept(const ServiceImport& object, std::string* octets) { Encode(Kept(object), octets); }

}  // namespace podnamed::controller
