// `tls`: the certificate of what is served over TLS. Its files are read again when they have changed, on a thread of
// its own, for whoever issues certificates renews them; connections that come then get the new one.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "config/options.h"
#include "server/net/tls_context.h"
#include "server/plugins/file_watch.h"
#include "server/plugins/published.h"

namespace podnamed::plugins {

// What all listeners of one directive take at each newcomer. Files that do not make a certificate any more are logged;
// what was read of them before stays.
class TlsSource {
 public:
  // Reads the files before it returns, and looks at them every `interval`. An error says where the directive stands,
  // and what is wrong with which file. The keys of tickets are new after `ticket_life`: who gets hold of one can read
  // what was said under it before (TLS 1.2).
  static absl::StatusOr<std::unique_ptr<const TlsSource>> Make(const config::TlsOptions& options,
                                                               absl::Duration interval = absl::Seconds(5),
                                                               absl::Duration ticket_life = absl::Hours(24));

  // Any thread; not on a query's path.
  std::shared_ptr<const net::TlsContext> Current() const { return contexts_.Current(); }

 private:
  TlsSource(config::TlsOptions options, absl::Duration interval, absl::Duration ticket_life);

  void Read(const FileWatch::Contents& contents);
  void RenewTicketKeys();
  void Publish(std::shared_ptr<const net::TlsContext> context);

  const config::TlsOptions options_;
  const absl::Duration ticket_life_;
  absl::Status first_;  // what came of the first reading
  // Of the current context. The watch's thread.
  FileWatch::Contents contents_;
  absl::Time made_;
  Published<net::TlsContext> contexts_;
  FileWatch watch_;  // goes first
};

}  // namespace podnamed::plugins
