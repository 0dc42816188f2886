// When is the Corefile read again, and what comes of it? At intervals, if it says `reload`: then a change of its words,
// or of a file that it imports, becomes the configuration; and when somebody asks for it. A Corefile with errors leaves
// all as it is. CoreDNS's plugin/reload.
//
// One thread, which is not a worker's.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>

#include <functional>
#include <string>
#include <string_view>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "config/options.h"
#include "server/server.h"

namespace podnamed {

class Reloader {
 public:
  using Load = std::function<absl::StatusOr<config::Options>()>;

  // `running` is what `server` serves; `load` reads the Corefile. The server outlives this.
  Reloader(const config::Options& running, Load load, Server& server);

  // How long until Look is to be called.
  absl::Duration UntilLook() const;
  // Reloads if the Corefile has changed since it was read last, and it is time to look.
  void Look();
  // Reloads, changed or not, because `who` asks for it: "SIGHUP".
  void ReloadNow(std::string_view who);

 private:
  // What Look and ReloadNow have found.
  void Reload(const absl::StatusOr<config::Options>& options);
  void Fail(const absl::Status& why);
  void Take(const config::Options& options);

  const Load load_;
  Server& server_;
  prometheus::Family<prometheus::Gauge>& version_family_;
  prometheus::Gauge* version_ = nullptr;
  prometheus::Counter& failures_;
  absl::BitGen random_;
  // What was read last: the fingerprint of a configuration, or the errors where it was none. Nothing is tried twice.
  std::string seen_;
  absl::Duration interval_;  // infinite without `reload`
  absl::Time next_look_;
};

}  // namespace podnamed
