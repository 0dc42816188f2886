// `hosts`: answers from a file like /etc/hosts and from lines of the Corefile. The file is read again when it has
// changed, on a thread of its own; workers take the new table between queries.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "config/options.h"
#include "server/plugins/file_watch.h"
#include "server/plugins/hosts_table.h"
#include "server/plugins/plugin.h"
#include "server/plugins/published.h"

namespace podnamed::plugins {

// What all workers' plugins of one directive read. A file that cannot be read is logged; what was read of it before
// stays.
class HostsSource {
 public:
  // `path` is that of the file, from the working directory. Reads it before it returns.
  HostsSource(config::HostsOptions options, std::string path);

  const config::HostsOptions& options() const { return options_; }
  const std::string& path() const { return path_; }
  // When the file that was read last had been written; the Unix epoch before one has been read. Any thread.
  absl::Time modified() const { return absl::FromUnixNanos(modified_); }
  // Any thread; not on a query's path.
  std::shared_ptr<const HostsTable> Current() const { return tables_.Current(); }

 private:
  void Read(const absl::StatusOr<std::string>& content);

  const config::HostsOptions options_;
  const std::string path_;
  std::atomic<int64_t> modified_ = 0;  // nanoseconds since the Unix epoch
  Published<HostsTable> tables_;
  FileWatch watch_;  // goes first
};

class Hosts : public Plugin {
 public:
  // `source` must outlive this.
  explicit Hosts(const HostsSource& source) : source_(source), table_(source.Current()) {}

  Next OnQuery(Exchange& exchange) override;
  void OnIdle() override { table_ = source_.Current(); }

 private:
  Next AnswerPtr(Exchange& exchange) const;

  const HostsSource& source_;
  std::shared_ptr<const HostsTable> table_;
};

}  // namespace podnamed::plugins
