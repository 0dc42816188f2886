#include "controller/identity/selector.h"

#include "absl/algorithm/container.h"

namespace podnamed::controller {
namespace {

bool Matches(const k8s::meta::v1::LabelSelectorRequirement& requirement, const Labels& labels) {
  const auto found = labels.find(requirement.key());
  const bool has = found != labels.end();
  if (requirement.operator_() == "Exists") return has;
  if (requirement.operator_() == "DoesNotExist") return !has;
  const bool listed = has && absl::c_linear_search(requirement.values(), found->second);
  if (requirement.operator_() == "In") return listed;
  return requirement.operator_() == "NotIn" && !listed;
}

}  // namespace

bool SelectorMatches(const Labels& selector, const Labels& labels) {
  return absl::c_all_of(selector, [&](const auto& pair) {
    const auto found = labels.find(pair.first);
    return found != labels.end() && found->second == pair.second;
  });
}

bool SelectorMatches(const k8s::meta::v1::LabelSelector& selector, const Labels& labels) {
  return SelectorMatches(selector.match_labels(), labels) &&
         absl::c_all_of(selector.match_expressions(),
                        [&](const auto& requirement) { return Matches(requirement, labels); });
}

}  // namespace podnamed::controller
