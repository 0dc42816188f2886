// Any text is either a template, which makes one text of a query or says why it makes none, or an error that has its
// place. A template that is fixed makes the same of every query.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "config/go_template.h"

namespace podnamed::config {
namespace {

constexpr size_t kLongest = size_t{64} << 10;

void Require(bool holds) {
  if (!holds) std::abort();
}

absl::StatusOr<std::string> Execute(const GoTemplate& text, std::string_view name, std::string_view type) {
  const std::string_view match[] = {name, "10", "0a"};
  constexpr std::pair<std::string_view, size_t> kGroups[] = {{"a", 1}, {"b", 2}};
  const auto meta = [](std::string_view label) { return "<" + std::string(label) + ">"; };
  absl::StatusOr<std::string> made = text.Execute({.zone = "example.",
                                                   .name = name,
                                                   .record_class = "IN",
                                                   .type = type,
                                                   .remote = "10.0.0.7",
                                                   .type_number = 1,
                                                   .class_number = 1,
                                                   .match = match,
                                                   .group_names = kGroups,
                                                   .meta = meta});
  Require(made.ok() ? made->size() <= kLongest : !made.status().message().empty());
  return made;
}

}  // namespace
}  // namespace podnamed::config

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace podnamed::config;
  const absl::StatusOr<GoTemplate> text = GoTemplate::Parse({reinterpret_cast<const char*>(data), size});
  if (!text.ok()) {
    Require(absl::StartsWith(text.status().message(), "at its character "));
    return 0;
  }
  const absl::StatusOr<std::string> one = Execute(*text, "ip-10-0a.example.", "A");
  const absl::StatusOr<std::string> other = Execute(*text, "www.example.", "AAAA");
  if (text->is_fixed()) Require(one == other);
  return 0;
}
