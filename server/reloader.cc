#include "server/reloader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "server/base/log.h"

namespace podnamed {
namespace {

// Of all server blocks the last one decides, as in CoreDNS; infinite if none has `reload`.
absl::Duration IntervalOf(const config::Options& options, absl::BitGen& random) {
  absl::Duration interval = absl::InfiniteDuration();
  for (const config::ServerBlockOptions& block : options.blocks) {
    if (!block.reload) continue;
    const double jitter = absl::ToDoubleSeconds(block.reload->jitter);
    interval = block.reload->interval + absl::Seconds(absl::Uniform(random, -jitter / 2, jitter / 2));
  }
  return interval;
}

}  // namespace

Reloader::Reloader(const config::Options& running, Load load, Server& server)
    : load_(std::move(load)),
      server_(server),
      version_family_(prometheus::BuildGauge()
                          .Name("coredns_reload_version_info")
                          .Help("A metric with a constant '1' value labeled by hash, and value which type of hash "
                                "generated.")
                          .Register(server.registry())),
      failures_(prometheus::BuildCounter()
                    .Name("coredns_reload_failed_total")
                    .Help("Counter of the number of failed reload attempts.")
                    .Register(server.registry())
                    .Add({})) {
  Take(running);
}

absl::Duration Reloader::UntilLook() const { return std::max(absl::ZeroDuration(), next_look_ - absl::Now()); }

void Reloader::Look() {
  if (absl::Now() < next_look_) return;
  next_look_ = absl::Now() + interval_;
  const absl::StatusOr<config::Options> options = load_();
  const std::string found = options.ok() ? options->fingerprint : std::string(options.status().message());
  if (std::exchange(seen_, found) == found) return;
  Reload(options);
}

void Reloader::ReloadNow(std::string_view who) {
  base::LogInfo("", "{}: Reloading", who);
  const absl::StatusOr<config::Options> options = load_();
  const std::string found = options.ok() ? options->fingerprint : std::string(options.status().message());
  if (std::exchange(seen_, found) == found && options.ok()) {
    base::LogInfo("plugin/reload", "the Corefile is as it was when it was read last; it is loaded anew");
  }
  Reload(options);
}

void Reloader::Reload(const absl::StatusOr<config::Options>& options) {
  if (!options.ok()) return Fail(options.status());
  base::LogInfo("", "Reloading");
  if (const absl::Status status = server_.Reload(*options); !status.ok()) return Fail(status);
  Take(*options);
  base::LogInfo("", "Reloading complete");
}

void Reloader::Fail(const absl::Status& why) {
  failures_.Increment();
  base::LogError("plugin/reload", "Corefile changed but reload failed, what was served before goes on: {}",
                 absl::StrReplaceAll(std::string(why.message()), {{"\n", "; "}}));
}

void Reloader::Take(const config::Options& options) {
  if (version_ != nullptr) version_family_.Remove(version_);
  version_ = &version_family_.Add({{"hash", "sha512"}, {"value", options.fingerprint}}, 1);
  seen_ = options.fingerprint;
  interval_ = IntervalOf(options, random_);
  next_look_ = absl::Now() + interval_;
  if (interval_ < absl::InfiniteDuration()) {
    base::LogInfo("plugin/reload", "Running configuration SHA512 = {}", options.fingerprint);
  }
}

}  // namespace podnamed
