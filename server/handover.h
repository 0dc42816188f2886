// How a podnamed takes the place of the one that runs, without losing a query: over a unix socket it gets the sockets
// themselves, with what lies in them, and both have them until the old one has stopped reading.
//
//   successor → "sockets"      predecessor → "some" with descriptors (SCM_RIGHTS), as often as it takes, then "end"
//   successor → "relieve"      once it answers itself: the predecessor stops reading, answers what it has, and ends
//   the connection's end       the predecessor has gone
//
// A successor that ends before it relieves anybody has changed nothing. Only processes of the same user, or root's, are
// talked to.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/passed_sockets.h"
#include "server/base/unique_fd.h"

namespace podnamed {

// The successor's side. One thread.
class Predecessor {
 public:
  // Who listens at `path`; std::nullopt if nobody does. An error is one sentence.
  static absl::StatusOr<std::optional<Predecessor>> Meet(const std::string& path);

  // Adds all that it listens with. An error if it hangs; if it ends just now there are none.
  absl::Status AskForSockets(base::PassedSockets& sockets);

  // It has ended, or is about to. Until Relieve.
  bool HasGone() const;

  // Lets it stop, and returns when it has gone: an error if that takes longer than `patience`.
  absl::Status Relieve(std::chrono::milliseconds patience);

 private:
  explicit Predecessor(base::UniqueFd connection) : connection_(std::move(connection)) {}

  base::UniqueFd connection_;
};

// The predecessor's side: waits for a successor, on a thread of its own.
class HandoverServer {
 public:
  // Listens at `path`, where nobody does. `sockets` makes copies of all that are given away, and `on_relieved` that a
  // successor has taken over: both on the server's thread, the latter once. An error is one sentence.
  static absl::StatusOr<std::unique_ptr<HandoverServer>> Start(const std::string& path,
                                                               std::function<std::vector<base::UniqueFd>()> sockets,
                                                               std::function<void()> on_relieved);
  // To a successor this says that we have gone.
  ~HandoverServer();
  HandoverServer(const HandoverServer&) = delete;
  HandoverServer& operator=(const HandoverServer&) = delete;

  // Any thread.
  bool is_relieved() const { return is_relieved_; }

 private:
  HandoverServer(std::string path, base::UniqueFd listener, base::UniqueFd stop,
                 std::function<std::vector<base::UniqueFd>()> sockets, std::function<void()> on_relieved);

  void Run();
  // Talks to one that claims to be our successor until it goes, or we do.
  void Serve(base::UniqueFd connection);
  // False: we are to end.
  bool WaitUntilReadable(int fd) const;

  const std::string path_;
  const base::UniqueFd listener_;
  const base::UniqueFd stop_;  // an eventfd
  const std::function<std::vector<base::UniqueFd>()> sockets_;
  const std::function<void()> on_relieved_;
  std::atomic<bool> is_relieved_ = false;
  std::thread thread_;
};

}  // namespace podnamed
