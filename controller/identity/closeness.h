// How well an object explains a record: for people who ask where a record comes from. Pure.
#pragma once

#include <cstdint>

#include "proto/k8s/apps/v1/apps.pb.h"
#include "proto/k8s/core/v1/core.pb.h"
#include "proto/k8s/discovery/v1/discovery.pb.h"
#include "proto/k8s/multicluster/v1alpha1/multicluster.pb.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::controller {

// A service's identities are its slices', and its pods' where it has none.
enum class Closeness : uint8_t { kNone, kPod, kSlice, kSliceThatNamesIt, kItself };

Closeness ClosenessOf(const k8s::core::v1::Namespace& object, const feed::v1::Key& key);
Closeness ClosenessOf(const k8s::core::v1::Service& object, const feed::v1::Key& key);
Closeness ClosenessOf(const k8s::core::v1::Pod& object, const feed::v1::Key& key);
Closeness ClosenessOf(const k8s::discovery::v1::EndpointSlice& object, const feed::v1::Key& key);
Closeness ClosenessOf(const k8s::multicluster::v1alpha1::ServiceImport& object, const feed::v1::Key& key);
Closeness ClosenessOf(const k8s::apps::v1::StatefulSet& object, const feed::v1::Key& key);

}  // namespace podnamed::controller
