// Where the state of a feed comes from: what every source does, whatever it reads.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/podnamed/feed/v1/feed.pb.h"
#include "proto/podnamed/hold/v1/hold.pb.h"

namespace podnamed::controller {

// Of a first state this many records are published at once, more or less: as operations they are many times larger in
// memory than what they are made of.
inline constexpr size_t kRecordsInPiece = 4096;

// Called on one thread at a time.
struct SourceListener {
  // What changed in the records, possibly nothing, and when the first change in it came.
  std::function<void(std::vector<feed::v1::Op> ops, absl::Time origin_time)> publish;
  // Once: all that there is has been published.
  std::function<void()> complete = [] {};
  // The source, or a part of it, is not heard of any more: since when, and for people, of what and why. Again when
  // there is another reason. Short interruptions are not told.
  std::function<void(std::chrono::steady_clock::time_point since, const std::string& why)> lost =
      [](std::chrono::steady_clock::time_point, const std::string&) {};
  // It is heard of again, and what it then said has been published.
  std::function<void()> found = [] {};
};

class Source {
 public:
  // Ends it: no callback is running then, and none comes after.
  virtual ~Source() = default;

  // Begins to follow. Error: nothing was started. Call once.
  virtual absl::Status Start() = 0;

  // ---- any thread

  // Where the object stands that a record was made from, for people; empty where there is none.
  virtual std::string PlaceOf(const feed::v1::Key& key) const = 0;

  // The removals that wait until they are confirmed (removal_hold.h).
  virtual hold::v1::GetResponse held() const { return {}; }
  // Lets the removals go on that are held now; soon afterwards they are published.
  virtual void ReleaseHeld() {}
};

}  // namespace podnamed::controller
