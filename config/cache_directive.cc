#include "config/cache_directive.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/duration.h"
#include "config/number.h"

namespace podnamed::config {
namespace {

constexpr uint32_t kMaxTtl = 2147483647;  // RFC 2181 section 8
constexpr uint32_t kMaxCapacity = 100'000'000;
constexpr absl::Duration kLongest = absl::Hours(24 * 365);
constexpr absl::Duration kLongestServfail = absl::Minutes(5);  // RFC 2308 section 7.1

std::optional<absl::Duration> ReadSeconds(const Token& token, std::string_view what, const Context& context) {
  const std::optional<uint32_t> seconds = ParseNumber(token.text, kMaxTtl);
  if (seconds) return absl::Seconds(*seconds);
  context.errors.Add(token.position, "{} is {}; expected whole seconds, at most {}", what, Quoted(token.text), kMaxTtl);
  return std::nullopt;
}

std::optional<absl::Duration> ReadDuration(const Token& token, std::string_view what, absl::Duration max,
                                           const Context& context) {
  const std::optional<absl::Duration> duration = ParseDuration(token.text, max);
  if (duration) return duration;
  context.errors.Add(token.position, "{} is {}; expected a duration such as \"5s\", at most {}", what,
                     Quoted(token.text), absl::FormatDuration(max));
  return std::nullopt;
}

void ReadZones(const std::vector<Token>& tokens, size_t first, std::vector<dns::Name>& zones, const Context& context) {
  for (size_t i = first; i < tokens.size(); ++i) {
    const absl::StatusOr<std::vector<dns::Name>> read = ParseZone(tokens[i].text);
    if (read.ok()) {
      zones.insert(zones.end(), read->begin(), read->end());
    } else {
      context.errors.Add(tokens[i].position, read.status());
    }
  }
}

// success|denial CAPACITY [TTL] [MINTTL]
void ReadKind(const Directive& line, CacheOptions::Kind& kind, const Context& context) {
  const std::string& word = line.name.text;
  if (line.arguments.empty() || line.arguments.size() > 3) {
    context.errors.Add(line.name.position, "{} has {} arguments; expected \"{} CAPACITY [TTL] [MINTTL]\"", word,
                       line.arguments.size(), word);
    return;
  }
  const Token& capacity = line.arguments[0];
  if (const std::optional<uint32_t> number = ParseNumber(capacity.text, kMaxCapacity)) {
    kind.capacity = *number;
  } else {
    context.errors.Add(capacity.position, "{} is {}; expected how many replies to keep, at most {}", word,
                       Quoted(capacity.text), kMaxCapacity);
  }
  if (line.arguments.size() > 1) {
    kind.max_ttl = ReadSeconds(line.arguments[1], "TTL", context).value_or(kind.max_ttl);
  }
  if (line.arguments.size() > 2) {
    kind.min_ttl = ReadSeconds(line.arguments[2], "MINTTL", context).value_or(kind.min_ttl);
  }
  if (kind.min_ttl > kind.max_ttl && line.arguments.size() > 2) {
    context.errors.Add(line.arguments[2].position, "MINTTL {} is more than TTL {}; expected at most as much",
                       line.arguments[2].text, line.arguments[1].text);
  }
}

void ReadSuccess(const Directive& line, CacheOptions& cache, const Context& context) {
  ReadKind(line, cache.success, context);
}

void ReadDenial(const Directive& line, CacheOptions& cache, const Context& context) {
  ReadKind(line, cache.denial, context);
}

// prefetch AMOUNT [DURATION] [PERCENTAGE%]
void ReadPrefetch(const Directive& line, CacheOptions& cache, const Context& context) {
  const std::vector<Token>& arguments = line.arguments;
  if (arguments.empty() || arguments.size() > 3) {
    context.errors.Add(line.name.position,
                       "prefetch has {} arguments; expected \"prefetch AMOUNT [DURATION] [PERCENTAGE%]\"",
                       arguments.size());
    return;
  }
  constexpr uint32_t kMostQuestions = 1'000'000;
  if (const std::optional<uint32_t> amount = ParseNumber(arguments[0].text, kMostQuestions)) {
    cache.prefetch_amount = static_cast<int>(*amount);
  } else {
    context.errors.Add(arguments[0].position, "prefetch is {}; expected a number of questions, at most {}",
                       Quoted(arguments[0].text), kMostQuestions);
  }
  if (arguments.size() > 1) {
    const auto duration = ReadDuration(arguments[1], "prefetch", kLongest, context);
    cache.prefetch_duration = duration.value_or(cache.prefetch_duration);
  }
  if (arguments.size() > 2) {
    constexpr uint32_t kLowest = 10;
    constexpr uint32_t kHighest = 90;
    std::string_view text = arguments[2].text;
    const bool has_sign = !text.empty() && text.back() == '%';
    if (has_sign) text.remove_suffix(1);
    const std::optional<uint32_t> percentage = ParseNumber(text, kHighest);
    if (has_sign && percentage && *percentage >= kLowest) {
      cache.prefetch_percentage = static_cast<int>(*percentage);
    } else {
      context.errors.Add(arguments[2].position, "prefetch is {}; expected {}% to {}%", Quoted(arguments[2].text),
                         kLowest, kHighest);
    }
  }
}

// serve_stale [DURATION] [immediate [TTL [RECHECK]] | verify [TIMEOUT [TTL [RECHECK]]]]
void ReadServeStale(const Directive& line, CacheOptions& cache, const Context& context) {
  const std::vector<Token>& arguments = line.arguments;
  cache.serve_stale = absl::Hours(1);
  const auto read = [&](size_t i, absl::Duration& duration) {
    if (i >= arguments.size()) return;
    duration = ReadDuration(arguments[i], "serve_stale", kLongest, context).value_or(duration);
  };
  read(0, cache.serve_stale);
  if (arguments.size() < 2) return;
  if (arguments[1].text == "verify") {
    cache.stale_mode = CacheOptions::StaleMode::kVerify;
  } else if (arguments[1].text != "immediate") {
    context.errors.Add(arguments[1].position, "serve_stale is {}; expected immediate or verify",
                       Quoted(arguments[1].text));
  }
  // The time between two tries is not ours to set: one try is made in five seconds.
  const size_t first = cache.stale_mode == CacheOptions::StaleMode::kVerify ? 3 : 2;
  absl::Duration recheck;
  if (first == 3) read(2, cache.verify_timeout);
  read(first + 1, recheck);
  read(first, cache.stale_ttl);
  if (arguments.size() > first + 2) {
    context.errors.Add(arguments[first + 2].position,
                       "{} at the end of serve_stale; expected \"serve_stale [DURATION] [immediate [TTL [RECHECK]]]\" "
                       "or \"serve_stale DURATION verify [TIMEOUT [TTL [RECHECK]]]\"",
                       Quoted(arguments[first + 2].text));
  }
}

void ReadServeStalePolicy(const Directive& line, CacheOptions& cache, const Context& context) {
  const Token* argument = OnlyArgument(line, "serve_stale_policy prefer_positive", context.errors);
  if (argument == nullptr) return;
  cache.prefer_positive = argument->text == "prefer_positive";
  if (cache.prefer_positive) return;
  context.errors.Add(argument->position, "serve_stale_policy is {}; expected prefer_positive", Quoted(argument->text));
}

void ReadServfail(const Directive& line, CacheOptions& cache, const Context& context) {
  const Token* argument = OnlyArgument(line, "servfail DURATION", context.errors);
  if (argument == nullptr) return;
  cache.servfail = ReadDuration(*argument, "servfail", kLongestServfail, context).value_or(cache.servfail);
}

// disable success|denial [ZONES…]
void ReadDisable(const Directive& line, CacheOptions& cache, const Context& context) {
  const bool is_success = !line.arguments.empty() && line.arguments[0].text == "success";
  if (!is_success && (line.arguments.empty() || line.arguments[0].text != "denial")) {
    const Token& word = line.arguments.empty() ? line.name : line.arguments[0];
    context.errors.Add(word.position, "disable is followed by {}; expected success or denial, and zones",
                       line.arguments.empty() ? "nothing" : Quoted(word.text));
    return;
  }
  std::vector<dns::Name>& zones = (is_success ? cache.success : cache.denial).disabled;
  if (line.arguments.size() == 1) zones.push_back(dns::Name());
  ReadZones(line.arguments, 1, zones, context);
}

void ReadKeepTtl(const Directive& line, CacheOptions& cache, const Context& context) {
  cache.keep_ttl = true;
  if (line.arguments.empty()) return;
  context.errors.Add(line.arguments.front().position, "keepttl has an argument; expected none");
}

constexpr Word<CacheOptions> kProperties[] = {
    {"success", ReadSuccess},        {"denial", ReadDenial},
    {"prefetch", ReadPrefetch},      {"servfail", ReadServfail},
    {"serve_stale", ReadServeStale}, {"serve_stale_policy", ReadServeStalePolicy},
    {"keepttl", ReadKeepTtl},        {"disable", ReadDisable, /*repeatable=*/true},
};

constexpr Vocabulary<CacheOptions> kVocabulary = {"cache property", kProperties, {}};

}  // namespace

void ReadCache(const Directive& line, ServerBlockOptions& block, const Context& context) {
  CacheOptions cache;
  size_t zones = 0;  // where the arguments become zones
  if (!line.arguments.empty()) {
    if (const std::optional<uint32_t> ttl = ParseNumber(line.arguments[0].text, kMaxTtl)) {
      if (*ttl == 0) {
        context.errors.Add(line.arguments[0].position, "cache is 0; expected the longest TTL in seconds, at least 1");
      }
      cache.success.max_ttl = cache.denial.max_ttl = absl::Seconds(*ttl);
      zones = 1;
    }
  }
  ReadZones(line.arguments, zones, cache.zones, context);
  if (cache.zones.empty()) {
    for (const ServerKey& key : block.keys) cache.zones.push_back(key.zone);
  }
  ReadBlock(line.block, kVocabulary, cache, context);
  for (CacheOptions::Kind* kind : {&cache.success, &cache.denial})
    kind->min_ttl = std::min(kind->min_ttl, kind->max_ttl);
  block.cache = std::move(cache);
}

}  // namespace podnamed::config
