#include "controller/source/manifest_set.h"

#include <fmt/format.h>

#include <iterator>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "controller/identity/closeness.h"

namespace podnamed::controller {
absl::StatusOr<std::vector<std::string>> ManifestSet::Put(const std::string& path, std::string_view text) {
  absl::StatusOr<Manifest> manifest = DecodeManifest(text);
  if (!manifest.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}:{}", path, std::string(manifest.status().message())));
  }
  std::vector<std::string> notes = std::move(manifest->notes);
  Replace(path, *std::move(manifest));
  return notes;
}

void ManifestSet::Remove(const std::string& path) {
  Replace(path, {});
  absl::MutexLock lock(&mutex_);
  files_.erase(path);
}

ManifestSet::Key ManifestSet::KeyOf(const KubernetesObject& object) {
  const ObjectKind kind =
      std::visit([](const auto& message) { return kKindOf<std::decay_t<decltype(message)>>; }, object);
  return {kind, MetadataOf(object).namespace_(), MetadataOf(object).name()};
}

void ManifestSet::Replace(const std::string& path, Manifest manifest) {
  absl::MutexLock lock(&mutex_);
  absl::btree_set<Key> touched;
  Manifest& current = files_[path];
  for (size_t i = 0; i < current.objects.size(); ++i) {
    const Key key = KeyOf(current.objects[i].object);
    places_[key].erase({path, i});
    touched.insert(key);
  }
  for (size_t i = 0; i < manifest.objects.size(); ++i) {
    const Key key = KeyOf(manifest.objects[i].object);
    places_[key].insert({path, i});
    touched.insert(key);
  }
  current = std::move(manifest);
  for (const Key& key : touched) {
    const auto places = places_.find(key);
    if (places->second.size() > 1) {
      twice_.insert(key);
    } else {
      twice_.erase(key);
    }
    if (places->second.empty()) {
      index_.Delete(std::get<ObjectKind>(key), std::get<1>(key), std::get<2>(key), "");
      places_.erase(places);
    } else {
      std::visit([&](const auto& message) { index_.Put(message); }, At(*places->second.begin()).object);
    }
  }
}

std::string ManifestSet::PlaceOf(const feed::v1::Key& key) const {
  absl::MutexLock lock(&mutex_);
  Closeness best = Closeness::kNone;
  std::string place;
  for (const auto& [path, manifest] : files_) {
    for (const ManifestObject& object : manifest.objects) {
      const Closeness closeness =
          std::visit([&](const auto& message) { return ClosenessOf(message, key); }, object.object);
      if (closeness <= best) continue;  // of two that are as close the first one counts
      best = closeness;
      place = fmt::format("{}:{}:{}", path, object.line, object.column);
    }
  }
  return place;
}

std::vector<std::string> ManifestSet::Duplicates() const {
  std::vector<std::string> duplicates;
  for (const Key& key : twice_) {
    const absl::btree_set<Place>& places = places_.at(key);
    const Place& first = *places.begin();
    for (auto place = std::next(places.begin()); place != places.end(); ++place) {
      const ManifestObject& object = At(*place);
      duplicates.push_back(fmt::format(
          "{}:{}:{}: {}: found a second time, expected once: {}:{}:{} is the one that counts", place->path, object.line,
          object.column, NameForPeople(object.object), first.path, At(first).line, At(first).column));
    }
  }
  return duplicates;
}

}  // namespace podnamed::controller
