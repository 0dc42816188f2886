// Which objects does a label selector mean? Kubernetes' metav1.LabelSelector: requirements on labels, all of which must
// hold. A value; the configuration makes it, every thread may ask it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/algorithm/container.h"
#include "server/state/entities.h"
#include "server/state/service_block.h"

namespace podnamed::state {

struct LabelRequirement {
  enum class Operator : uint8_t { kIn, kNotIn, kExists, kDoesNotExist };
  std::string key;
  Operator op = Operator::kIn;
  std::vector<std::string> values;  // kIn, kNotIn
  friend bool operator==(const LabelRequirement&, const LabelRequirement&) = default;
};

class LabelSelector {
 public:
  LabelSelector() = default;  // matches everything
  explicit LabelSelector(std::vector<LabelRequirement> requirements) : requirements_(std::move(requirements)) {}

  bool Matches(const Namespace& entry) const {
    return Matches([&entry](const auto& visit) {
      for (const Label& label : entry.labels) visit(label.key, label.value);
    });
  }
  bool Matches(const ServiceBlock& service) const {
    return Matches([&service](const auto& visit) { service.ForEachLabel(visit); });
  }

  friend bool operator==(const LabelSelector&, const LabelSelector&) = default;

 private:
  template <typename ForEachLabel>
  bool Matches(ForEachLabel for_each_label) const {
    return absl::c_all_of(requirements_, [&](const LabelRequirement& requirement) {
      std::optional<std::string_view> found;
      for_each_label([&](std::string_view key, std::string_view value) {
        if (key == requirement.key) found = value;
      });
      return Holds(requirement, found);
    });
  }
  // A label that is not there is in no set of values (Kubernetes: NotIn and != match it).
  static bool Holds(const LabelRequirement& requirement, const std::optional<std::string_view>& value) {
    const auto listed = [&] { return value.has_value() && absl::c_linear_search(requirement.values, *value); };
    switch (requirement.op) {
      case LabelRequirement::Operator::kIn:
        return listed();
      case LabelRequirement::Operator::kNotIn:
        return !listed();
      case LabelRequirement::Operator::kExists:
        return value.has_value();
      case LabelRequirement::Operator::kDoesNotExist:
        return !value.has_value();
    }
    return false;
  }

  std::vector<LabelRequirement> requirements_;
};

}  // namespace podnamed::state
