#include "config/loadbalance_directive.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "config/duration.h"

namespace podnamed::config {
namespace {

constexpr std::string_view kUsage = "loadbalance [round_robin | weighted FILE]";
constexpr absl::Duration kLongestReload = absl::Hours(24);

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

void ReadReload(const Directive& line, LoadbalanceOptions& loadbalance, const Context& context) {
  const Token* argument = OnlyArgument(line, "reload DURATION", context.errors);
  if (argument == nullptr) return;
  const std::optional<absl::Duration> duration = ParseDuration(argument->text, kLongestReload);
  if (duration) {
    loadbalance.reload = *duration;
  } else {
    context.errors.Add(argument->position,
                       "reload is {}; expected a duration such as \"30s\", at most 24h; 0 for never",
                       Quoted(argument->text));
  }
}

constexpr Word<LoadbalanceOptions> kProperties[] = {{"reload", ReadReload},
                                                    {"prefer", ReadPrefer, /*repeatable=*/true}};

constexpr Vocabulary<LoadbalanceOptions> kVocabulary = {"loadbalance property", kProperties, {}};

}  // namespace

void ReadLoadbalance(const Directive& line, ServerBlockOptions& block, const Context& context) {
  LoadbalanceOptions loadbalance;
  const std::vector<Token>& words = line.arguments;
  const size_t expected = !words.empty() && words.front().text == "weighted" ? 2 : 1;
  if (!words.empty() && words.front().text != "round_robin" && expected == 1) {
    context.errors.Add(words.front().position, "loadbalance is {}; expected \"{}\"", Quoted(words.front().text),
                       kUsage);
  } else if (words.size() > expected) {
    context.errors.Add(words[expected].position, "loadbalance is {}; expected \"{}\"", Quoted(words[expected].text),
                       kUsage);
  } else if (expected == 2 && (words.size() < 2 || words[1].text.empty())) {
    context.errors.Add(line.name.position, "loadbalance weighted names no file; expected \"{}\"", kUsage);
  } else if (expected == 2) {
    loadbalance.weights = words[1].text;
  }
  ReadBlock(line.block, kVocabulary, loadbalance, context);
  const auto reload = absl::c_find_if(line.block, [](const Directive& each) { return each.name.text == "reload"; });
  if (expected == 1 && reload != line.block.end()) {
    context.errors.Add(reload->name.position,
                       "reload is of a file that is not there; expected \"loadbalance weighted FILE\"");
  }
  block.loadbalance = std::move(loadbalance);
}

}  // namespace podnamed::config
