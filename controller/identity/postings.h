// Which objects have this property? A set of (hash of the property, object), ordered: it costs about 20 octets a pair,
// and adding, taking away and finding cost the logarithm of its size, however many objects share a property. Hashes
// may collide: whoever reads checks what it finds. A value, one thread.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"

namespace podnamed::controller {

template <typename Object>
class Postings {
 public:
  void Add(size_t hash, Object* object) { pairs_.emplace(hash, object); }
  void Remove(size_t hash, Object* object) { pairs_.erase({hash, object}); }

  // All objects under the hash, and perhaps others.
  std::vector<Object*> Find(size_t hash) const {
    std::vector<Object*> found;
    for (auto pair = Begin(hash); IsOf(pair, hash); ++pair) found.push_back(pair->second);
    return found;
  }

  // The hash under which the fewest objects are; costs as much as these. REQUIRES: there are hashes.
  size_t Rarest(std::span<const size_t> hashes) const {
    if (hashes.size() == 1) return hashes.front();
    std::vector<typename Pairs::const_iterator> steps;
    for (const size_t hash : hashes) steps.push_back(Begin(hash));
    while (true) {
      for (size_t i = 0; i < hashes.size(); ++i) {
        if (!IsOf(steps[i], hashes[i])) return hashes[i];
        ++steps[i];
      }
    }
  }

 private:
  using Pairs = absl::btree_set<std::pair<size_t, Object*>>;
  typename Pairs::const_iterator Begin(size_t hash) const { return pairs_.lower_bound({hash, nullptr}); }
  bool IsOf(typename Pairs::const_iterator pair, size_t hash) const {
    return pair != pairs_.end() && pair->first == hash;
  }

  Pairs pairs_;
};

}  // namespace podnamed::controller
