#include "server/plugins/weights.h"

#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "config/error_list.h"
#include "server/base/log.h"
#include "server/dns/name.h"

namespace podnamed::plugins {
namespace {

constexpr char kLog[] = "plugin/loadbalance";

}  // namespace

absl::StatusOr<Weights> Weights::Read(std::string_view text) {
  Weights weights;
  OfName* of_name = nullptr;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    ++number;
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty() || words[0].starts_with('#')) continue;
    const auto wrong = [&](const char* expected) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, " is ", config::Quoted({line.data(), line.size()}), "; expected ", expected));
    };
    const std::optional<base::IpAddress> address = base::ParseIpAddress(words[0]);
    if (words.size() == 1) {
      const absl::StatusOr<dns::Name> name = dns::Name::FromText(words[0]);
      if (address || !name.ok()) return wrong("a name, or an address and its weight");
      of_name = &weights.by_name_[std::string(name->Folded().wire())];
      continue;
    }
    uint8_t weight = 0;
    const char* const end = words[1].data() + words[1].size();
    const auto [stop, error] = std::from_chars(words[1].data(), end, weight);
    if (!address || words.size() > 2 || error != std::errc() || stop != end || weight == 0) {
      return wrong("an address and its weight, 1 to 255");
    }
    if (of_name == nullptr) return wrong("a line with a name before it");
    of_name->try_emplace(*address, weight);
  }
  return weights;
}

const Weights::OfName* Weights::Find(std::string_view name) const {
  const auto found = by_name_.find(absl::string_view(name.data(), name.size()));
  return found == by_name_.end() ? nullptr : &found->second;
}

absl::StatusOr<std::unique_ptr<const WeightSource>> WeightSource::Open(const std::string& path, absl::Duration reload) {
  auto source = absl::WrapUnique(new WeightSource());
  source->weights_.Publish(std::make_shared<const Weights>());
  absl::Status first;
  source->watch_.emplace(
      std::vector<std::string>{path}, reload,
      [raw = source.get(), path, opening = &first](const FileWatch::Contents& contents) mutable {
        const absl::Status status = raw->Read(contents.front(), path);
        if (absl::Status* const opened = std::exchange(opening, nullptr)) {
          *opened = status;
        } else if (!status.ok()) {
          base::LogWarning(kLog, "{}; what was read before stays", std::string(status.message()));
        }
      },
      [raw = source.get()] { raw->weights_.Reclaim(); });
  const bool may_come = first.code() != absl::StatusCode::kInvalidArgument && reload > absl::ZeroDuration();
  if (!first.ok() && !may_come) return first;
  if (!first.ok()) {
    base::LogWarning(kLog, "{}; every address weighs the same, trying again every {}", std::string(first.message()),
                     absl::FormatDuration(reload));
  }
  return source;
}

absl::Status WeightSource::Read(const absl::StatusOr<std::string>& content, const std::string& path) {
  if (!content.ok()) {
    return absl::Status(content.status().code(), absl::StrCat(path, " cannot be read: ", content.status().message()));
  }
  absl::StatusOr<Weights> read = Weights::Read(*content);
  if (!read.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", read.status().message()));
  const size_t name_count = read->name_count();
  weights_.Publish(std::make_shared<const Weights>(*std::move(read)));
  base::LogInfo(kLog, "{}: the weights of {} names", path, name_count);
  return absl::OkStatus();
}

}  // namespace podnamed::plugins
