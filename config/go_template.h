// The part of Go's text/template that the records of `template` are written in: fields, `index`, comparisons, `if`,
// pipelines and `printf`; see docs/plugins/template.md. Read once into a tree, which is what runs. Immutable; any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace podnamed::config {

class GoTemplate {
 public:
  // What fields are: the query that is answered, and how it has matched.
  struct Data {
    std::string_view zone;
    std::string_view name;
    std::string_view record_class;
    std::string_view type;
    std::string_view remote;
    uint16_t type_number = 0;
    uint16_t class_number = 0;
    absl::Span<const std::string_view> match;                           // the whole match, then its groups
    absl::Span<const std::pair<std::string_view, size_t>> group_names;  // and which of them they name
    absl::FunctionRef<std::string(std::string_view label)> meta;
  };

  // An error says what was found, at which character, and what was expected.
  static absl::StatusOr<GoTemplate> Parse(std::string_view text);

  GoTemplate(GoTemplate&&) noexcept;
  GoTemplate& operator=(GoTemplate&&) noexcept;
  ~GoTemplate();

  // Nothing in it depends on the data.
  bool is_fixed() const;
  // The text for these data, at most 64 KiB; or why there is none.
  absl::StatusOr<std::string> Execute(const Data& data) const;

  struct Node;

 private:
  explicit GoTemplate(std::vector<std::unique_ptr<Node>> nodes);

  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace podnamed::config
