// For tests and the fuzzer: files, variables and interfaces out of maps.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "config/environment.h"

namespace podnamed::config {

struct FakeEnvironment final : Environment {
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> variables;
  std::map<std::string, std::vector<base::IpAddress>> interfaces;

  absl::StatusOr<std::string> ReadFile(const std::string& path) const override {
    const auto file = files.find(path);
    if (file == files.end()) return absl::NotFoundError("No such file or directory");
    return file->second;
  }

  // A pattern's one star stands for any text.
  std::vector<std::string> Glob(const std::string& pattern) const override {
    std::vector<std::string> matches;
    const size_t star = pattern.find('*');
    if (star == std::string::npos) return matches;
    for (const auto& [path, content] : files) {
      if (path.size() + 1 >= pattern.size() && path.starts_with(pattern.substr(0, star)) &&
          path.ends_with(pattern.substr(star + 1))) {
        matches.push_back(path);
      }
    }
    return matches;
  }

  std::string Variable(const std::string& name) const override {
    const auto variable = variables.find(name);
    return variable == variables.end() ? "" : variable->second;
  }

  absl::StatusOr<std::vector<base::IpAddress>> InterfaceAddresses(const std::string& name) const override {
    const auto interface = interfaces.find(name);
    if (interface == interfaces.end()) return absl::NotFoundError("no such interface");
    return interface->second;
  }
};

}  // namespace podnamed::config
