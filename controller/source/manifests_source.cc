#include "controller/source/manifests_source.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/time/clock.h"
#include "server/base/log.h"
#include "server/base/status.h"

namespace podnamed::controller {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kComponent = "manifests";
constexpr std::chrono::milliseconds kQuiet(5);
constexpr std::chrono::milliseconds kLongestBurst(50);
constexpr std::chrono::milliseconds kLookAgain(500);  // for a directory that is missing
constexpr size_t kMaxSaid = 20;                       // complaints at once

std::string WithoutFinalSlashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool IsBelow(std::string_view path, std::string_view directory) {
  return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

}  // namespace

ManifestsSource::ManifestsSource(std::string directory, SourceListener listener, std::chrono::milliseconds look_anyway,
                                 SourceMetrics* metrics)
    : look_anyway_(look_anyway),
      directory_(WithoutFinalSlashes(std::move(directory))),
      parent_(ParentOf(directory_)),
      name_in_parent_(parent_ + "/" + directory_.substr(directory_.rfind('/') + 1)),
      listener_(std::move(listener)),
      metrics_(metrics) {}

ManifestsSource::~ManifestsSource() {
  Stop();
  if (stop_descriptor_ >= 0) close(stop_descriptor_);
}

absl::Status ManifestsSource::Start() {
  ASSIGN_OR_RETURN(watch_, DirectoryWatch::Open());
  stop_descriptor_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stop_descriptor_ < 0) return absl::ResourceExhaustedError("cannot make an eventfd: too many open files");
  const absl::Time origin_time = absl::Now();
  RETURN_IF_ERROR(Update().status());
  RETURN_IF_ERROR(watch_->Watch(directory_));
  PublishChanges(origin_time);
  listener_.complete();
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void ManifestsSource::Stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  // Cannot fail: an eventfd takes eight octets whole, and this one is far from full.
  [[maybe_unused]] const ssize_t written = write(stop_descriptor_, &one, sizeof(one));
  thread_.join();
}

void ManifestsSource::Run() {
  bool is_missing = false;  // the directory, at the last look
  bool is_new = false;      // something that was read and is not published
  bool is_put_off = false;  // its publication
  absl::Time origin_time;
  Clock::time_point last_look = Clock::now();
  while (true) {
    const auto left = last_look + (is_missing ? kLookAgain : look_anyway_) - Clock::now();
    if (!has_changed_ && left > Clock::duration::zero()) {
      if (!Wait(std::chrono::ceil<std::chrono::milliseconds>(left))) return;
      continue;
    }
    if (!is_put_off) origin_time = absl::Now();
    if (!AwaitQuiet()) return;
    const absl::StatusOr<bool> update = Update();
    last_look = Clock::now();
    is_missing = !update.ok();
    if (is_missing) {
      ComplainOfDirectory({fmt::format("{}; all objects stay as they were", std::string(update.status().message()))});
    }
    is_new |= update.value_or(false);
    // What was read while something changed may be half of one ConfigMap and half of the next. Once: we must not wait
    // for somebody who never ends.
    is_put_off = is_new && has_changed_ && !is_put_off;
    if (is_new && !is_put_off) {
      PublishChanges(origin_time);
      is_new = false;
    }
  }
}

bool ManifestsSource::AwaitQuiet() {
  const auto end_of_burst = Clock::now() + kLongestBurst;
  do {
    has_changed_ = false;
    if (!Wait(kQuiet)) return false;
  } while (has_changed_ && Clock::now() < end_of_burst);
  has_changed_ = false;
  return true;
}

bool ManifestsSource::Wait(std::chrono::milliseconds timeout) {
  std::array<pollfd, 2> polled = {{{watch_->descriptor(), POLLIN, 0}, {stop_descriptor_, POLLIN, 0}}};
  if (poll(polled.data(), polled.size(), static_cast<int>(timeout.count())) < 0) return true;  // a signal
  if (polled[1].revents != 0) return false;
  if (polled[0].revents != 0) TakeEvents();
  return true;
}

void ManifestsSource::TakeEvents() {
  using Kind = DirectoryWatch::Event::Kind;
  for (const DirectoryWatch::Event& event : watch_->Read()) {
    if (event.kind == Kind::kLost) {
      being_written_.clear();  // who was writing may have closed the file unseen
      has_lost_events_ = true;
      has_changed_ = true;
      continue;
    }
    const bool is_ours = event.path == directory_ || event.path == name_in_parent_ || IsBelow(event.path, directory_);
    if (!is_ours) continue;
    switch (event.kind) {
      case Kind::kWriting:
        being_written_.insert(event.path);
        continue;
      case Kind::kWritten:
        being_written_.erase(event.path);
        written_.insert(event.path);
        break;
      case Kind::kNamed:
        being_written_.erase(event.path);
        break;
      case Kind::kTouched:
      case Kind::kLost:
        break;
    }
    has_changed_ = true;
  }
}

absl::StatusOr<bool> ManifestsSource::Update() {
  absl::btree_set<std::string> complaints;
  const auto watch = [&](const std::string& path) {
    const absl::Status status = watch_->Watch(path);
    if (!status.ok() && !absl::IsNotFound(status)) complaints.emplace(status.message());
  };
  // Tells when the directory, or a link in its place, is made anew. Where that may not be watched, kLookAgain does.
  watch_->Watch(parent_).IgnoreError();
  ASSIGN_OR_RETURN(const ManifestFiles found, FindManifestFiles(directory_, watch));
  watch_->Sweep();
  for (const auto& [path, reason] : found.unreadable) {
    complaints.insert(fmt::format("{}: cannot be read: {}; the objects there stay as they were", path, reason));
  }
  ComplainOfDirectory(std::move(complaints));

  const absl::flat_hash_set<std::string> written = std::exchange(written_, {});
  const bool reads_all = std::exchange(has_lost_events_, false);
  bool is_new = false;
  absl::flat_hash_set<std::string_view> paths;
  for (const ManifestFile& file : found.files) {
    paths.insert(file.path);
    const auto known = versions_.find(file.path);
    // Whoever writes writes into the file that was there before; nobody may tell us when that one is closed.
    if (known != versions_.end() && !known->second.IsOfSameFile(file.version)) being_written_.erase(file.path);
    const bool is_current = known != versions_.end() && known->second == file.version && !written.contains(file.path);
    if ((!is_current || reads_all) && ReadInto(file)) is_new = true;
  }
  for (auto known = versions_.begin(); known != versions_.end();) {
    const bool is_unknown = absl::c_any_of(found.unreadable, [&](const auto& unreadable) {
      return known->first == unreadable.first || IsBelow(known->first, unreadable.first);
    });
    if (paths.contains(known->first) || is_unknown) {
      ++known;
      continue;
    }
    set_.Remove(known->first);
    known = versions_.erase(known);
    is_new = true;
  }
  return is_new;
}

bool ManifestsSource::ReadInto(const ManifestFile& file) {
  const absl::StatusOr<std::string> text = ReadFile(file.path, kMaxManifestSize);
  // Whoever wrote before we had read it all is known now; who emptied the file, only a moment later.
  const bool was_emptied = text.ok() && text->empty() && versions_.contains(file.path);
  if (!Wait(was_emptied ? kQuiet : std::chrono::milliseconds::zero())) return false;
  if (being_written_.contains(file.path) || written_.contains(file.path)) return false;
  if (absl::IsNotFound(text.status())) return false;  // gone meanwhile: the next look takes it out
  versions_.insert_or_assign(file.path, file.version);
  const absl::StatusOr<std::vector<std::string>> notes = text.ok() ? set_.Put(file.path, *text) : text.status();
  if (!notes.ok()) {
    base::LogError(kComponent, "{}; the file's last good objects stay", std::string(notes.status().message()));
    CountError("file");
    return false;
  }
  for (const std::string& note : *notes) base::LogInfo(kComponent, "{}: {}", file.path, note);
  return true;
}

void ManifestsSource::PublishChanges(absl::Time origin_time) {
  const std::vector<std::string> duplicates = set_.Duplicates();
  about_duplicates_.Now({duplicates.begin(), duplicates.end()});
  set_.TakeChanges(kRecordsInPiece,
                   [&](std::vector<feed::v1::Op> ops) { listener_.publish(std::move(ops), origin_time); });
}

void ManifestsSource::ComplainOfDirectory(absl::btree_set<std::string> complaints) {
  for (size_t count = about_directory_.Now(std::move(complaints)); count > 0; --count) CountError("directory");
}

void ManifestsSource::CountError(const char* kind) {
  if (metrics_ != nullptr) metrics_->CountError(kind);
}

size_t Complaints::Now(absl::btree_set<std::string> complaints) {
  size_t count = 0;
  for (const std::string& complaint : complaints) {
    if (said_.contains(complaint)) continue;
    if (++count <= kMaxSaid) base::LogWarning(kComponent, "{}", complaint);
  }
  if (count > kMaxSaid) base::LogWarning(kComponent, "and {} more like this", count - kMaxSaid);
  said_ = std::move(complaints);
  return count;
}

}  // namespace podnamed::controller
