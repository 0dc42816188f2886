// What a configuration may look at outside of its own text: files, environment variables, network interfaces. Comes in
// as a parameter, so that tests and the fuzzer need no disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/ip_address.h"

namespace podnamed::config {

class Environment {
 public:
  virtual ~Environment() = default;

  // The file's content. The error's message is the reason alone ("No such file or directory").
  virtual absl::StatusOr<std::string> ReadFile(const std::string& path) const = 0;

  // The paths that match a shell pattern, sorted; none is no error.
  virtual std::vector<std::string> Glob(const std::string& pattern) const = 0;

  // An unset variable is empty.
  virtual std::string Variable(const std::string& name) const = 0;

  // The addresses of a network interface; NotFound if there is no such interface. Link-local IPv6 addresses are left
  // out: without a scope nobody can bind to them.
  virtual absl::StatusOr<std::vector<base::IpAddress>> InterfaceAddresses(const std::string& name) const = 0;
};

// This machine, this process.
class SystemEnvironment final : public Environment {
 public:
  // Refuses what is longer: no configuration is.
  static constexpr size_t kLargestFile = size_t{16} << 20;
  explicit SystemEnvironment(size_t largest_file = kLargestFile) : largest_file_(largest_file) {}

  absl::StatusOr<std::string> ReadFile(const std::string& path) const override;
  std::vector<std::string> Glob(const std::string& pattern) const override;
  std::string Variable(const std::string& name) const override;
  absl::StatusOr<std::vector<base::IpAddress>> InterfaceAddresses(const std::string& name) const override;

 private:
  const size_t largest_file_;
};

}  // namespace podnamed::config
