// What the files of a directory say together: the last good objects of every file, as records of the feed. Pure: text
// comes in, nothing is read here. One thread changes it; PlaceOf is any thread's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "controller/source/manifest_decoder.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::controller {

class ManifestSet {
 public:
  // The file at `path` now has this text. Returns the notes of its manifests, or an error ("path:line:column: …"), and
  // then the objects that the file had before stay.
  absl::StatusOr<std::vector<std::string>> Put(const std::string& path, std::string_view text);

  void Remove(const std::string& path);

  // All records, in the order of their keys. An object that stands twice counts where it stands first, by path, then by
  // line; `duplicates` names the other places.
  std::vector<feed::v1::Record> Records(std::vector<std::string>* duplicates) const;

  // Where the object stands ("path:line:column") that the record of that key was made from: for a pod identity its
  // EndpointSlice, or its Pod where the service has no slices. Empty if there is none: a namespace that only others
  // name.
  std::string PlaceOf(const feed::v1::Key& key) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;                     // for changes and PlaceOf; the thread that changes reads without it
  absl::btree_map<std::string, Manifest> files_;  // by path
};

}  // namespace podnamed::controller
