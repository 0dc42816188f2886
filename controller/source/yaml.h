// YAML text as a tree of values that know where they stand. The one place that knows yaml-cpp: what it throws ends
// here. JSON is YAML too. Kubernetes' reading of it (sigs.k8s.io/yaml), not YAML 1.2's, decides what a plain word is:
// yes and off are booleans, merge keys (<<) are merged, a key that stands twice in a mapping is an error. Pure.
//
// Text comes from anyone who may write into a directory, so all is bounded: nesting by yaml-cpp (500), values of one
// document by kMaxYamlValues, where an alias counts for all the values that it repeats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace podnamed::controller {

inline constexpr size_t kMaxYamlValues = 4'000'000;

struct YamlValue {
  enum class Kind : uint8_t { kNull, kBoolean, kNumber, kString, kSequence, kMapping };

  Kind kind = Kind::kNull;
  int line = 0;  // both from 1
  int column = 0;
  std::string text;                       // a scalar's, without quotes; UTF-8
  std::vector<const YamlValue*> items;    // of a sequence
  std::vector<const YamlValue*> keys;     // of a mapping: scalars, no text twice, merge keys resolved
  std::vector<const YamlValue*> members;  // of a mapping: the values, as many as keys

  // The value at `key`; nullptr if this is no mapping, has no such key, or null at it.
  const YamlValue* Find(std::string_view key) const;
};

// The whole number that a kNumber is: decimal without leading zeros, or 0x…; false for others and beyond 64 bits.
bool ParseWholeNumber(const YamlValue& value, int64_t* number);

// REQUIRES: a kBoolean.
bool BooleanOf(const YamlValue& value);

// What a person has written, for an error: "\"http\"", "80", "a list", "nothing".
std::string Describe(const YamlValue& value);

// An error at a place: INVALID_ARGUMENT "line:column: text".
absl::Status YamlError(int line, int column, std::string_view text);

// Calls `visit` with the root of every document of `text` that is not empty; the tree lives as long as the call.
// Stops at the first error, its own (YamlError) or that of `visit`.
absl::Status ReadYaml(std::string_view text, absl::FunctionRef<absl::Status(const YamlValue& root)> visit);

}  // namespace podnamed::controller
