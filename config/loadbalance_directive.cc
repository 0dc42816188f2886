#include "config/loadbalance_directive.h"

#include <optional>
#include <utility>

namespace podnamed::config {
namespace {

constexpr std::string_view kUsage = "loadbalance [round_robin]";

void ReadPrefer(const Directive& line, LoadbalanceOptions& loadbalance, const Context& context) {
  if (line.arguments.empty()) {
    context.errors.Add(line.name.position, "prefer names no network; expected \"prefer NETWORK…\"");
  }
  RefuseBlock(line, "prefer NETWORK…", context.errors);
  for (const Token& word : line.arguments) {
    const std::optional<base::IpNetwork> network = base::ParseIpNetwork(word.text);
    if (network && word.text.find('/') != std::string::npos) {
      loadbalance.prefer.push_back(*network);
    } else {
      context.errors.Add(word.position, "{} is no network; expected one such as \"10.0.0.0/8\"", Quoted(word.text));
    }
  }
}

constexpr Word<LoadbalanceOptions> kProperties[] = {{"prefer", ReadPrefer, /*repeatable=*/true}};
constexpr ForeignWord kPropertiesOfCoreDns[] = {{"reload", "it belongs to the policy \"weighted\""}};

constexpr Vocabulary<LoadbalanceOptions> kVocabulary = {"loadbalance property", kProperties, kPropertiesOfCoreDns};

}  // namespace

void ReadLoadbalance(const Directive& line, ServerBlockOptions& block, const Context& context) {
  LoadbalanceOptions loadbalance;
  if (!line.arguments.empty()) {
    const Token& policy = line.arguments.front();
    if (policy.text == "weighted") {
      context.errors.Add(policy.position,
                         "loadbalance policy \"weighted\" is known to CoreDNS, not supported by podnamed; "
                         "expected \"{}\"",
                         kUsage);
      return;
    }
    if (policy.text != "round_robin" || line.arguments.size() > 1) {
      const Token& wrong = policy.text == "round_robin" ? line.arguments[1] : policy;
      context.errors.Add(wrong.position, "loadbalance is {}; expected \"{}\"", Quoted(wrong.text), kUsage);
    }
  }
  ReadBlock(line.block, kVocabulary, loadbalance, context);
  block.loadbalance = std::move(loadbalance);
}

}  // namespace podnamed::config
