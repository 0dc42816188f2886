// What the files of a directory say together: the last good objects of every file, as changes of the feed's records.
// A change costs what its file holds. Pure: text comes in, nothing is read here. One thread changes it; PlaceOf is any
// thread's.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "controller/identity/cluster_index.h"
#include "controller/source/manifest_decoder.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::controller {

class ManifestSet {
 public:
  // The file at `path` now has this text. Returns the notes of its manifests, or an error ("path:line:column: …"), and
  // then the objects that the file had before stay.
  absl::StatusOr<std::vector<std::string>> Put(const std::string& path, std::string_view text);

  void Remove(const std::string& path);

  // What changed in the records since the last call (ClusterIndex::TakeChanges). An object that stands twice counts
  // where it stands first, by path, then by line.
  std::vector<feed::v1::Op> TakeChanges() { return index_.TakeChanges(); }
  void TakeChanges(size_t piece, absl::FunctionRef<void(std::vector<feed::v1::Op> ops)> take) {
    index_.TakeChanges(piece, take);
  }

  // The other places of objects that stand twice, for people.
  std::vector<std::string> Duplicates() const;

  // Where the object stands ("path:line:column") that the record of that key was made from: for a pod identity its
  // EndpointSlice, or its Pod where the service has no slices. Empty if there is none: a namespace that only others
  // name.
  std::string PlaceOf(const feed::v1::Key& key) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Key = std::tuple<ObjectKind, std::string, std::string>;  // namespace, name
  struct Place {
    std::string path;
    size_t position = 0;  // among the objects of the manifest there
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  static Key KeyOf(const KubernetesObject& object);
  const ManifestObject& At(const Place& place) const { return files_.at(place.path).objects[place.position]; }
  // Takes one manifest in the place of another; either may hold nothing.
  void Replace(const std::string& path, Manifest manifest);

  mutable absl::Mutex mutex_;                     // for changes and PlaceOf; the thread that changes reads without it
  absl::btree_map<std::string, Manifest> files_;  // by path
  absl::btree_map<Key, absl::btree_set<Place>> places_;
  absl::btree_set<Key> twice_;                 // those with more than one place
  ClusterIndex index_{ClusterIndex::Rules()};  // of the first places
};

}  // namespace podnamed::controller
