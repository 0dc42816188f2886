// For the tests of directives: a server block of example.org with these lines.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/fake_environment.h"
#include "config/options.h"

namespace podnamed::config {

inline absl::StatusOr<Options> ParseDirectives(std::string_view directives) {
  return ParseOptions(fmt::format("example.org {{\n{}\n}}", directives), "Corefile", 53, FakeEnvironment());
}

inline ServerBlockOptions Block(std::string_view directives) {
  const absl::StatusOr<Options> options = ParseDirectives(directives);
  EXPECT_TRUE(options.ok()) << options.status();
  return options.ok() ? options->blocks[0] : ServerBlockOptions{};
}

// The message of all errors; "none" if there are none.
inline std::string Errors(std::string_view directives) {
  const absl::StatusOr<Options> options = ParseDirectives(directives);
  return options.ok() ? "none" : std::string(options.status().message());
}

inline dns::Name Zone(std::string_view text) { return dns::Name::FromText(text).value(); }

struct Refusal {
  std::string_view directives;
  std::string_view errors;
};
inline void ExpectRefusals(const std::vector<Refusal>& refusals) {
  for (const Refusal& refusal : refusals) EXPECT_EQ(Errors(refusal.directives), refusal.errors) << refusal.directives;
}

}  // namespace podnamed::config
