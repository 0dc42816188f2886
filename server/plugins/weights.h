// Which address of a name is told first how often: the file of `loadbalance weighted`. Lines of a name, each followed
// by lines of an address and its weight, 1 to 255; "#" begins a comment line. Immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/ip_address.h"
#include "server/plugins/file_watch.h"
#include "server/plugins/published.h"

namespace podnamed::plugins {

class Weights {
 public:
  // Those of one name. What is not among them weighs 1.
  using OfName = absl::flat_hash_map<base::IpAddress, uint8_t>;

  // An error says what is wrong with which line.
  static absl::StatusOr<Weights> Read(std::string_view text);

  // nullptr if the file does not have the name: folded, in wire form.
  const OfName* Find(std::string_view name) const;
  size_t name_count() const { return by_name_.size(); }

 private:
  absl::flat_hash_map<std::string, OfName> by_name_;
};

// Follows the file. What was read of it before stays when it cannot be read any more, or not as a whole; the log says
// so.
class WeightSource {
 public:
  // Reads it. A file that is wrong is an error; one that is missing is waited for, if anybody looks again.
  static absl::StatusOr<std::unique_ptr<const WeightSource>> Open(const std::string& path, absl::Duration reload);

  // Any thread; not on a query's path.
  std::shared_ptr<const Weights> Current() const { return weights_.Current(); }

 private:
  WeightSource() = default;

  absl::Status Read(const absl::StatusOr<std::string>& content, const std::string& path);

  Published<Weights> weights_;
  std::optional<FileWatch> watch_;  // goes first
};

}  // namespace podnamed::plugins
