// The source `manifests DIR`: a directory of Kubernetes manifests as the desired state of the feed, for as long as both
// live. One thread of its own, started by Start(), waits for changes; a burst of them (5 ms of quiet, 50 ms at most)
// becomes one publication.
//
// Nothing that is half there is taken: a file that somebody writes in place is read when it is closed; what was read
// while something changed is looked at once more before it is published; a file that does not parse is reported once
// (log, "file:line:column: …") and keeps its last good objects; while the directory itself is missing or cannot be
// read, everything stays. Only what changed is read again, and only what that changes is published. What no watch tells
// (a link above the directory is pointed elsewhere, what a link pointed to is made anew, another machine writes to a
// shared file system) is found within kLookAnyway.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "controller/source/directory_watch.h"
#include "controller/source/manifest_files.h"
#include "controller/source/manifest_set.h"
#include "controller/source/source.h"
#include "controller/source/source_metrics.h"
#include "proto/podnamed/feed/v1/feed.pb.h"

namespace podnamed::controller {

// What is wrong for as long as it is wrong: said when it begins, not at every look.
class Complaints {
 public:
  // All that is wrong now; logs what was not at the last call.
  // Returns how many those were.
  size_t Now(absl::btree_set<std::string> complaints);

 private:
  absl::btree_set<std::string> said_;
};

class ManifestsSource : public Source {
 public:
  static constexpr std::chrono::milliseconds kLookAnyway{5000};

  // What the listener uses and `metrics` must outlive this. It is called by Start() on its thread with the whole state,
  // later on the source's own. Errors are counted as "file" and "directory", if anywhere.
  ManifestsSource(std::string directory, SourceListener listener, std::chrono::milliseconds look_anyway = kLookAnyway,
                  SourceMetrics* metrics = nullptr);
  ~ManifestsSource() override;
  ManifestsSource(const ManifestsSource&) = delete;
  ManifestsSource& operator=(const ManifestsSource&) = delete;

  // Reads the directory and publishes its state before it returns, then watches. Files that do not parse are no error
  // here. Error: the directory cannot be read or watched; nothing was started. Call once.
  absl::Status Start() override;

  // Ends the watch; no publication begins afterwards.
  void Stop();

  // "path:line:column" (ManifestSet::PlaceOf).
  std::string PlaceOf(const feed::v1::Key& key) const override { return set_.PlaceOf(key); }

 private:
  void Run();
  // Waits for the end of a burst of changes; false: Stop() was called.
  bool AwaitQuiet();
  // Waits for events, the end of `timeout` or Stop(), and takes the events; false: Stop() was called.
  bool Wait(std::chrono::milliseconds timeout);
  // Notes what the watch has to tell; sets has_changed_ where there is reason to look at the directory.
  void TakeEvents();
  // Brings the set up to date with the directory; true if a file went or was read.
  // Error: the directory cannot be read; everything stays.
  absl::StatusOr<bool> Update();
  // Reads one file into the set; false if the set stays as it was: somebody is writing the file, or it is wrong.
  bool ReadInto(const ManifestFile& file);
  void PublishChanges(absl::Time origin_time);
  void ComplainOfDirectory(absl::btree_set<std::string> complaints);
  void CountError(const char* kind);

  const std::chrono::milliseconds look_anyway_;
  const std::string directory_;  // without slashes at its end
  const std::string parent_;
  const std::string name_in_parent_;  // the directory's path as events of its parent spell it
  const SourceListener listener_;
  SourceMetrics* const metrics_;

  // Of Start()'s thread until it returns, then of the source's.
  std::unique_ptr<DirectoryWatch> watch_;
  bool has_changed_ = false;
  bool has_lost_events_ = false;
  ManifestSet set_;
  absl::btree_map<std::string, FileVersion> versions_;  // of the files, as they were last read
  absl::flat_hash_set<std::string> being_written_;
  absl::flat_hash_set<std::string> written_;  // and not read since
  Complaints about_directory_;
  Complaints about_duplicates_;

  int stop_descriptor_ = -1;  // an eventfd, readable from Stop() on
  std::thread thread_;
};

}  // namespace podnamed::controller
